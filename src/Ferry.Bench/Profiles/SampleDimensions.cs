namespace Ferry.Bench.Profiles;

/// <summary>Under which settings a sample was measured. Two samples of the same experiment and equal dimensions are the same point.</summary>
public sealed record SampleDimensions
{
    /// <summary>The tracker, or <c>off</c>; of a whole migration, the device's.</summary>
    public required string Provider { get; init; }

    /// <summary>The tracking page size in bytes; 0 where nothing is tracked.</summary>
    public required ulong PageSizeBytes { get; init; }

    /// <summary>Memory that is tracked, in bytes.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The working set in bytes; 0 where nothing is written.</summary>
    public ulong WorkingSetBytes { get; init; }

    /// <summary>Bytes of 4 KiB pages written a second; null for as fast as the writer can.</summary>
    public ulong? DirtyBytesPerSecond { get; init; }

    /// <summary>In which order pages are written.</summary>
    public AccessPattern Pattern { get; init; } = AccessPattern.Uniform;

    /// <summary>Bytes of one write of the device; 0 where no device writes.</summary>
    public ulong MessageBytes { get; init; }

    /// <summary>Into how many ranges the tracked memory is cut, at least 1.</summary>
    public int RangeCount { get; init; } = 1;

    /// <summary>Whether devices stand in a P2P state while reports are taken.</summary>
    public bool SyncInP2P { get; init; }

    /// <summary>Of a whole migration: what of the memory was filled with data beforehand, in bytes.</summary>
    public ulong DataBytes { get; init; }

    /// <summary>Of a whole migration: the memory that the guest's program writes, in bytes.</summary>
    public ulong GuestWorkingSetBytes { get; init; }

    /// <summary>Of a whole migration: how fast the guest's program writes it, in bytes a second.</summary>
    public ulong GuestDirtyBytesPerSecond { get; init; }

    /// <summary>Of a whole migration: whether all memory is hashed in the downtime.</summary>
    public bool Verify { get; init; }

    /// <summary>Of a whole migration: what the engine is told to send a second at most, in bytes; null for no limit.</summary>
    public ulong? LimitBytesPerSecond { get; init; }

    /// <summary>Of a whole migration: the link, one of <see cref="LinkNames"/>; null for loopback.</summary>
    public string? Link { get; init; }

    /// <summary>The way of a whole migration, in words.</summary>
    internal string Way => $"over {Link ?? "loopback"}{(LimitBytesPerSecond is null ? "" : " with a limit")}";
}
