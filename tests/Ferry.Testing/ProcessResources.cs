using Xunit;

namespace Ferry.Testing;

/// <summary>What this process holds of the kernel; for tests beside which no other runs.</summary>
public static class ProcessResources
{
    private static readonly string[] Kinds = ["memfd:ferry", "memfd:test", "anon_inode:", "kvm", "pagemap"];

    /// <summary>Runs <paramref name="action"/> until all is loaded that it needs, then again, and compares descriptors and mappings.</summary>
    public static void AssertNoneLeft(Action action)
    {
        action();
        // What tests before this one left to the collector would go at any time.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        action();
        var before = Count();
        for (var i = 0; i < 5; i++)
        {
            action();
        }

        Assert.All(Count(), (after, i) => Assert.True(after <= before[i], $"{after} of {Names[i]}, {before[i]} before"));
    }

    private static string[] Names => [.. Kinds.Select(kind => $"open {kind}"), .. Kinds.Select(kind => $"mapped {kind}")];

    private static int[] Count()
    {
        var open = Directory.EnumerateFiles("/proc/self/fd").Select(Target).ToArray();
        var mapped = File.ReadAllLines("/proc/self/maps");
        return [.. Kinds.Select(kind => CountOf(open, kind)), .. Kinds.Select(kind => CountOf(mapped, kind))];
    }

    private static int CountOf(string[] texts, string kind) => texts.Count(text => text.Contains(kind, StringComparison.Ordinal));

    private static string Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName ?? "";
        }
        catch (IOException)
        {
            // Closed meanwhile.
            return "";
        }
    }
}
