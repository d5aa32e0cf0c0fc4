namespace Ferry.Bench.Design;

/// <summary>How large and how long the points of a bench are.</summary>
internal sealed record BenchScale
{
    /// <summary>The least memory: all working sets are parts of it.</summary>
    public const ulong LeastMemoryBytes = 64 << 20;

    /// <summary>The most memory that is taken where none is asked for.</summary>
    public const ulong UsualMemoryBytes = 1UL << 30;

    // Guest memory exists twice in a whole migration, and what runs here already needs the rest.
    private const ulong PartOfAvailable = 6;

    /// <summary>The memory that is tracked, in bytes: a power of two.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>Pairs, tracked and untracked, of each point of progress.</summary>
    public int Pairs { get; init; } = 5;

    /// <summary>The same where it is one of a line, and not of the centre that costs are fitted at.</summary>
    public int LinePairs => Math.Min(Pairs, Math.Max(3, Pairs - 2));

    /// <summary>Reports of each point of report costs.</summary>
    public int Reports { get; init; } = 5;

    /// <summary>Runs of each whole migration over loopback.</summary>
    public int Migrations { get; init; } = 3;

    /// <summary>Runs of each whole migration over a shaped link.</summary>
    public int LinkMigrations { get; init; } = 1;

    /// <summary>How long progress is watched at a time.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Whether more levels of each dimension are measured.</summary>
    public bool IsThorough { get; init; }

    /// <summary>A quarter of it, the other level of memory.</summary>
    public ulong SmallMemoryBytes => MemoryBytes / 4;

    /// <summary>The working set at the centre of the design.</summary>
    public ulong WorkingSetBytes => MemoryBytes / 16;

    /// <summary>The smaller level of the working set.</summary>
    public ulong SmallWorkingSetBytes => MemoryBytes / 256;

    /// <summary>The larger level of the working set.</summary>
    public ulong LargeWorkingSetBytes => MemoryBytes / 4;

    /// <summary>What is written where each write is to lie in a page of its own, however large pages are.</summary>
    public ulong SparseBytes => Math.Max(8, MemoryBytes / (4 << 20)) * 4096;

    /// <summary>The usual scale on a host with so much memory to spare.</summary>
    public static BenchScale Usual(ulong availableBytes) =>
        new() { MemoryBytes = Math.Clamp(1UL << System.Numerics.BitOperations.Log2(Math.Max(1, availableBytes / PartOfAvailable)), LeastMemoryBytes, UsualMemoryBytes) };

    /// <summary>The same with twice the memory where it fits, more repeats, longer windows and more levels.</summary>
    public static BenchScale Thorough(ulong availableBytes) => Usual(availableBytes) with
    {
        MemoryBytes = Math.Min(2 * UsualMemoryBytes, Usual(availableBytes / 2).MemoryBytes * 2),
        Pairs = 12,
        Reports = 12,
        Migrations = 6,
        LinkMigrations = 3,
        Window = TimeSpan.FromMilliseconds(500),
        IsThorough = true,
    };
}
