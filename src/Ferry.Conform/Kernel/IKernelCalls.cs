using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Kernel;

/// <summary>The calls on a kernel device and its address space, so that a test can answer them. What the kernel refuses is a
/// <see cref="Linux.KernelCallException"/>.</summary>
internal interface IKernelCalls : IDisposable
{
    /// <summary>The calls that opened it, one a line.</summary>
    IReadOnlyList<string> Opening { get; }

    /// <summary>The request that maps memory.</summary>
    string MapRequest { get; }

    /// <summary>Whether it logs its DMA.</summary>
    bool HasDmaLog { get; }

    /// <summary>What it is.</summary>
    VfioDeviceInfo GetInfo();

    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags GetMigrationFlags();

    /// <summary>Its state.</summary>
    VfioDeviceState GetState();

    /// <summary>Takes arcs; gives the data session that the state opens, or null.</summary>
    IKernelSession? SetState(VfioDeviceState next);

    /// <summary>How many bytes STOP_COPY will give, or null.</summary>
    ulong? EstimateStopCopyBytes();

    /// <summary>Lets it read and write memory.</summary>
    void Map(IovaRange range, Hva memory);

    /// <summary>Starts the log, and gives the page size that the device chose.</summary>
    PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize);

    /// <summary>Stops the log.</summary>
    void StopDmaLog();

    /// <summary>Sets the bits of what was written.</summary>
    void ReportDmaLog(IovaRange range, PageSize pageSize, Span<ulong> words);

    /// <summary>How long a region is; 0 where there is none of that index.</summary>
    ulong GetRegionBytes(int region);

    /// <summary>Reads registers that there are.</summary>
    void ReadRegion(int region, ulong offset, Span<byte> data);

    /// <summary>Writes registers that there are.</summary>
    void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>Makes interrupt 0 of an index signal.</summary>
    void SetInterrupt(int index, EventFile signal);

    /// <summary>Resets it.</summary>
    void Reset();
}
