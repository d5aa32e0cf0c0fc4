using Ferry.Bench.Profiles;

namespace Ferry.Bench.Model;

/// <summary>What one source of writes does to guest memory.</summary>
/// <param name="Source"><c>vcpus</c>, or the id of a device.</param>
public sealed record WriterLoad(string Source)
{
    /// <summary>The source that stands for all vCPUs.</summary>
    public const string Vcpus = "vcpus";

    /// <summary>The memory it writes into, in bytes; the pages of it need not lie together.</summary>
    public required double WorkingSetBytes { get; init; }

    /// <summary>How fast it writes where nobody watches, in bytes of whole 4 KiB pages a second, those written again counted again.</summary>
    public required double DirtyBytesPerSecond { get; init; }

    /// <summary>What a single write covers without a gap, in bytes: a message of a device. At least 4096, since whole pages count.</summary>
    public double WriteBytes { get; init; } = DirtyGrowth.LeastPageBytes;

    /// <summary>In which order it goes through its working set.</summary>
    public AccessPattern Pattern { get; init; } = AccessPattern.Uniform;

    /// <summary>Where its working set lies in the order of addresses: the part of all data that lies before its middle; 0 to 1.</summary>
    /// <remarks>Pages are copied in that order. A half, which stands for a working set that lies anywhere, where it is not known.</remarks>
    public double Position { get; init; } = 0.5;

    /// <summary>What it goes round in beside its working set to tell of its writes, in bytes: a device's completion ring.</summary>
    /// <remarks>Of fine pages it adds few; of coarse ones it is one more in each round.</remarks>
    public double RingBytes { get; init; }

    /// <summary>Whether it is a device.</summary>
    public bool IsDevice => Source != Vcpus;

    /// <summary>The completion ring of a device that has an entry for each write that its working set holds.</summary>
    public static double RingOf(double workingSetBytes, double writeBytes) => workingSetBytes / Math.Max(writeBytes, DirtyGrowth.LeastPageBytes) * DirtyGrowth.RingEntryBytes;
}
