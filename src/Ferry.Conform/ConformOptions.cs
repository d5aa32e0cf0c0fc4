using Ferry.Conform.Stimuli;

namespace Ferry.Conform;

/// <summary>What is checked, and how long.</summary>
public sealed record ConformOptions
{
    /// <summary>The names of the checks to run; null runs all.</summary>
    public IReadOnlyList<string>? Only { get; init; }

    /// <summary>Makes what drives the device, for each check anew; null where nothing does, and checks of DMA are not applicable.</summary>
    public Func<IStimulus>? Stimulus { get; init; }

    /// <summary>How long one check may take. A command that is under way then still gets its own time.</summary>
    public TimeSpan CheckTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a device may work on what it was given before any of it is done.</summary>
    public TimeSpan WorkTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long memory is watched for writes that must not come, each time.</summary>
    public TimeSpan WatchTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The least <see cref="MemoryBytes"/>.</summary>
    public const int LeastMemoryBytes = 4 << 20;

    /// <summary>The most <see cref="MemoryBytes"/>.</summary>
    public const int MostMemoryBytes = 1 << 30;

    private const int MemoryUnitBytes = 2 << 20;

    /// <summary>How much memory the device may write, beside a window of 2 MiB that stands for another device: a multiple of 2 MiB. For a kernel
    /// device all of it is locked. What needs more is not applicable.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not such a multiple, or not from the least to the most.</exception>
    public int MemoryBytes
    {
        get;
        init => field = value is >= LeastMemoryBytes and <= MostMemoryBytes && value % MemoryUnitBytes == 0 ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"The memory is a multiple of {MemoryUnitBytes} bytes from {LeastMemoryBytes} to {MostMemoryBytes}.");
    } = 16 << 20;

    /// <summary>The longest state that is held in memory to be compared and loaded, in bytes; what a larger one is needed for is not applicable.</summary>
    public int MaxStateBytes { get; init; } = 256 << 20;

    /// <summary>Told of each check before it runs, or null.</summary>
    public Action<string>? OnCheck { get; init; }
}
