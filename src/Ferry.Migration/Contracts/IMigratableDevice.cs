using Ferry.Linux.Vfio;

namespace Ferry.Migration.Contracts;

/// <summary>A device as the engine sees it: states, and a stream of state bytes.</summary>
/// <remarks>All calls come from one thread at a time. A device that fails a call throws; the engine rolls back.</remarks>
public interface IMigratableDevice
{
    /// <summary>The name in the machine file; the same on both sides.</summary>
    string Id { get; }

    /// <summary>The model, for instance <c>rnic</c>; the destination's must be the same.</summary>
    string Kind { get; }

    /// <summary>The version of the model's state; the destination's must be the same.</summary>
    uint Version { get; }

    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags Migration { get; }

    /// <summary>Whether the guest maps memory for it, by a virtual IOMMU; the destination's must be the same.</summary>
    bool IsBehindIommu { get; }

    /// <summary>The state it was last known to be in.</summary>
    VfioDeviceState State { get; }

    /// <summary>Whether a vCPU accesses the device while it is stopped, and waits until it runs. From any thread.</summary>
    bool IsAwaited { get; }

    /// <summary>An estimate of the bytes that STOP_COPY will give, or null where the device gives none.</summary>
    ulong? EstimateStopCopyBytes();

    /// <summary>Takes one arc or a combination of arcs that the specification allows.</summary>
    void SetState(VfioDeviceState next);

    /// <summary>Reads state bytes in PRE_COPY, PRE_COPY_P2P or STOP_COPY; 0 means none are there now (pre-copy) or ever (stop-copy).</summary>
    int ReadData(Span<byte> buffer);

    /// <summary>Writes state bytes in RESUMING, all of them.</summary>
    void WriteData(ReadOnlySpan<byte> data);
}
