namespace Ferry.Architecture.Tests;

/// <summary>The sources that the tests were built from, without what builds and tools leave there.</summary>
internal static class Repository
{
    private static readonly string[] NotSources = ["artifacts", "bin", "obj", ".git", ".vs", ".idea", "TestResults", "BenchmarkDotNet.Artifacts"];

    internal static string Root { get; } = FindRoot();

    /// <summary>Every file that people write, relative to the root with forward slashes, with its text.</summary>
    internal static IReadOnlyList<SourceFile> TextFiles { get; } =
    [
        .. Walk(new DirectoryInfo(Root))
            .Select(file => Path.GetRelativePath(Root, file.FullName))
            .Where(path => !path.StartsWith("fuzz/corpus/", StringComparison.Ordinal) && !path.EndsWith("packages.lock.json", StringComparison.Ordinal))
            // Lists that a tool keeps, a line for each public member.
            .Where(path => !Path.GetFileName(path).StartsWith("PublicAPI.", StringComparison.Ordinal))
            .Where(path => Path.GetExtension(path) is not (".png" or ".svg" or ".gif" or ".bin"))
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(path, File.ReadAllText(Path.Combine(Root, path)))),
    ];

    internal static IEnumerable<SourceFile> CSharp => TextFiles.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    internal static IEnumerable<SourceFile> Projects => TextFiles.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal));

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Ferry.slnx")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"No Ferry.slnx above {AppContext.BaseDirectory}: these tests look at the sources that they were built from.");
    }

    private static IEnumerable<FileInfo> Walk(DirectoryInfo directory) =>
        directory.EnumerateFiles().Where(file => file.Name != ".git" && file.LinkTarget is null).Concat(
            directory.EnumerateDirectories().Where(child => !NotSources.Contains(child.Name) && child.LinkTarget is null).SelectMany(Walk));
}
