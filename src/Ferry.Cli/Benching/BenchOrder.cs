using Ferry.Bench.Design;
using Ferry.Bench.Profiles;

namespace Ferry.Cli.Benching;

/// <summary>What a bench was asked to be.</summary>
internal sealed record BenchOrder
{
    /// <summary>Where the profile is put.</summary>
    public required string Path { get; init; }

    /// <summary>A profile to go on with, whatever is at <see cref="Path"/>; null for what is there.</summary>
    public string? Resume { get; init; }

    /// <summary>Whether nothing is taken over from before.</summary>
    public bool IsFresh { get; init; }

    /// <summary>The experiments and trackers to measure; none for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>The seed of the order.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Whether it takes more time and more levels.</summary>
    public bool IsThorough { get; init; }

    /// <summary>The memory; null for what fits.</summary>
    public ulong? MemoryBytes { get; init; }

    /// <summary>The repeats of each point; null for what is usual.</summary>
    public int? Repeats { get; init; }

    /// <summary>How long progress is watched at a time; null for what is usual.</summary>
    public TimeSpan? Window { get; init; }

    /// <summary>Whether a point is among those asked for.</summary>
    public bool Wants(BenchPoint point)
    {
        string[] experiments = [.. Only.Where(ExperimentNames.All.Contains)];
        string[] providers = [.. Only.Except(experiments)];
        // Whole migrations say little of one tracker and take long: whoever names trackers has to name these too.
        return (experiments.Length == 0 ? providers.Length == 0 || point.Experiment != ExperimentNames.Migration : experiments.Contains(point.Experiment)) && (providers.Length == 0 || providers.Contains(point.Dimensions.Provider));
    }

    /// <summary>How large and how long, on a host with so much memory to spare, going on with <paramref name="before"/>.</summary>
    public BenchScale Scale(ulong availableBytes, CostProfile? before)
    {
        var usual = IsThorough ? BenchScale.Thorough(availableBytes) : BenchScale.Usual(availableBytes);
        // What is there was measured with so much; with another size none of its points would be one of these.
        var memory = MemoryBytes ?? (before is { Samples.Count: > 0 } ? before.Samples.Max(sample => sample.Dimensions.MemoryBytes) : usual.MemoryBytes);
        return usual with
        {
            MemoryBytes = memory,
            Pairs = Repeats ?? usual.Pairs,
            Reports = Repeats ?? usual.Reports,
            Migrations = Repeats ?? usual.Migrations,
            LinkMigrations = Repeats ?? usual.LinkMigrations,
            Window = Window ?? usual.Window,
        };
    }
}
