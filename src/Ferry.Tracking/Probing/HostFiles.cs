using System.Text;

namespace Ferry.Tracking.Probing;

/// <summary>The files below a root, with bounds: whatever drivers write there, a probe reads little of it and shows none of its control characters.</summary>
/// <param name="root">The folder that stands for <c>/</c>.</param>
internal class HostFiles(string root = "/") : IHostFiles
{
    /// <summary>The most that is read of a file.</summary>
    public const int MaxBytes = 64 << 10;

    /// <summary>The most names that are taken of a folder.</summary>
    public const int MaxNames = 8192;

    private const int MaxNameChars = 256;
    private readonly Dictionary<string, Obstacle> _refused = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IReadOnlyList<Obstacle> Refused => [.. _refused.Values];

    /// <inheritdoc/>
    public string? Read(string path) => Try(path, full =>
    {
        using var file = File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[MaxBytes];
        var count = 0;
        for (int read; count < bytes.Length && (read = RandomAccess.Read(file, bytes.AsSpan(count), count)) > 0;)
        {
            count += read;
        }

        return Clean(Encoding.UTF8.GetString(bytes, 0, count));
    });

    /// <inheritdoc/>
    public string? ReadLink(string path) => Try(path, full =>
    {
        // Asked of the file system, so that a refusal is not taken for a link that is not there.
        _ = File.GetAttributes(full);
        return new FileInfo(full).LinkTarget is { } target && Path.GetFileName(target) is { Length: > 0 and <= MaxNameChars } name ? Clean(name) : null;
    });

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string path) => Try(path, full =>
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(full).Take(MaxNames).Select(entry => Path.GetFileName(entry)).Where(IsPlain)];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }) ?? [];

    /// <inheritdoc/>
    public bool Exists(string path) => Path.Exists(Full(path));

    /// <summary>Called before a file is looked at; tests throw here what the file system would.</summary>
    protected virtual void Before(string path)
    {
    }

    // A name with anything else could not be shown, or asked for again.
    private static bool IsPlain(string name) => name.Length <= MaxNameChars && !name.Any(char.IsControl);

    private static string Clean(string text) => string.Concat(text.TrimEnd('\n', ' ', '\0').Select(each => char.IsControl(each) && each is not '\n' and not '\t' ? '?' : each));

    private string Full(string path) => Path.Join(root, path);

    private T? Try<T>(string path, Func<string, T?> read)
        where T : class
    {
        try
        {
            Before(path);
            return read(Full(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            _refused[path] = new(ObstacleKind.NotPermitted, $"{path} may not be read: run as root.");
            return null;
        }
        catch (IOException e)
        {
            _refused[path] = new(ObstacleKind.Failed, $"{path} can't be read: {e.Message}");
            return null;
        }
    }
}
