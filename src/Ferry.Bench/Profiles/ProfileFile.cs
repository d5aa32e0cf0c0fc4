using System.Text.Json;
using Ferry.Linux.Files;

namespace Ferry.Bench.Profiles;

/// <summary>The file that a profile is kept in: one JSON document in UTF-8.</summary>
public static class ProfileFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 64 << 20;

    /// <summary>Reads a document, and checks every value.</summary>
    /// <exception cref="ProfileException">It is no profile of a known version, or a value is wrong.</exception>
    public static CostProfile Parse(ReadOnlySpan<byte> document)
    {
        if (document.Length > MaxBytes)
        {
            throw new ProfileException($"profile: {document.Length} bytes; at most {MaxBytes}");
        }

        CostProfile? profile;
        try
        {
            profile = JsonSerializer.Deserialize(document, ProfileJson.Default.CostProfile);
        }
        catch (JsonException e)
        {
            throw new ProfileException($"not a profile: {e.Message}");
        }

        return ProfileChecks.FindProblem(profile) is { } problem ? throw new ProfileException($"profile: {problem}") : profile!;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ProfileException">It is no profile.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static CostProfile Read(string path)
    {
        using var file = File.OpenRead(path);
        if (file.Length > MaxBytes)
        {
            throw new ProfileException($"{path}: {file.Length} bytes; a profile has at most {MaxBytes}");
        }

        var document = new byte[file.Length];
        file.ReadExactly(document);
        try
        {
            return Parse(document);
        }
        catch (ProfileException e)
        {
            throw new ProfileException($"{path}: {e.Message}");
        }
    }

    /// <summary>The document.</summary>
    /// <exception cref="ProfileException">A value is wrong; a profile that can't be read again is not written.</exception>
    public static byte[] Format(CostProfile profile) =>
        ProfileChecks.FindProblem(profile) is { } problem
            ? throw new ProfileException($"profile: {problem}")
            : JsonSerializer.SerializeToUtf8Bytes(profile, ProfileJson.Default.CostProfile);

    /// <summary>Writes a file, whole or not at all: what was there stays until all of the new one is on disk.</summary>
    /// <exception cref="IOException">It can't be written; what was there is still there.</exception>
    public static void Write(string path, CostProfile profile)
    {
        var document = Format(profile);
        path = OrdinaryFile.Resolve(path);
        var fresh = $"{path}.new";
        try
        {
            using (var file = File.Create(fresh))
            {
                file.Write(document);
                file.Flush(flushToDisk: true);
            }

            File.Move(fresh, path, overwrite: true);
        }
        catch
        {
            File.Delete(fresh);
            throw;
        }
    }
}
