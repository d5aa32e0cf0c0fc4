namespace Ferry.Bench.Profiles;

/// <summary>The experiments of a bench.</summary>
public static class ExperimentNames
{
    /// <summary>What a report costs after so much was written, and how many pages it holds.</summary>
    public const string Report = "report";

    /// <summary>What a tracker takes from those whose writes it watches.</summary>
    public const string Slowdown = "slowdown";

    /// <summary>The constants of the engine and of the link, from small whole migrations.</summary>
    public const string Migration = "migration";

    /// <summary>What the bench's own watching takes from what it watches: the same work with it and without.</summary>
    public const string Watching = "watching";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Report, Slowdown, Migration, Watching];
}
