using System.Text.RegularExpressions;

namespace Ferry.Architecture.Tests;

/// <summary>What each project of the house may depend on. One direction, downward.</summary>
internal static partial class Arrows
{
    internal static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["Ferry.Memory"] = [],
        ["Ferry.Linux"] = ["Ferry.Memory"],
        ["Ferry.Tracking"] = ["Ferry.Linux", "Ferry.Memory"],
        ["Ferry.VfioUser"] = ["Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Devices"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Conform"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Machine"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Migration"] = ["Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Report"] = [],
        ["Ferry.Bench"] = ["Ferry.Migration", "Ferry.Machine", "Ferry.Devices", "Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Cli"] = ["Ferry.Bench", "Ferry.Report", "Ferry.Migration", "Ferry.Machine", "Ferry.Devices", "Ferry.Conform", "Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
    };

    /// <summary>The projects that a change of a package must never reach.</summary>
    private static readonly string[] WithoutPackages = ["Ferry.Memory", "Ferry.Linux", "Ferry.Tracking"];

    private static readonly string[] MayBeUnsafe = ["src/Ferry.Linux/", "src/Ferry.Memory/", "bench/"];

    internal static IEnumerable<string> Violations(string project, IEnumerable<string> references) =>
        Allowed.TryGetValue(project, out var allowed)
            ? references.Where(reference => reference != project && !allowed.Contains(reference)).Select(reference => $"{project} -> {reference}")
            : [$"{project} has no place in the house: say what it may depend on"];

    internal static IEnumerable<string> ProjectViolations(SourceFile project)
    {
        var name = Path.GetFileNameWithoutExtension(project.Path);
        var references = ProjectReference().Matches(project.Text).Select(match => Path.GetFileNameWithoutExtension(match.Groups[1].Value));
        return Violations(name, references).Concat(
            WithoutPackages.Contains(name) ? PackageReference().Matches(project.Text).Select(match => $"{name} -> package {match.Groups[1].Value}") : []);
    }

    /// <summary>Only the kernel's boundary and the bitmap may be unsafe, and what measures them against C.</summary>
    internal static IEnumerable<string> UnsafeViolations(SourceFile project) =>
        project.Text.Contains("AllowUnsafeBlocks", StringComparison.Ordinal)
        && !Array.Exists(MayBeUnsafe, folder => project.Path.StartsWith(folder, StringComparison.Ordinal))
            ? [$"{project.Path} allows unsafe code"]
            : [];

    [GeneratedRegex("<ProjectReference[^>]*Include=\"([^\"]+)\"")]
    private static partial Regex ProjectReference();

    [GeneratedRegex("<PackageReference[^>]*Include=\"([^\"]+)\"")]
    private static partial Regex PackageReference();
}
