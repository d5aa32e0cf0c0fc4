using Ferry.Linux.Vfio;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser;

/// <summary>A device as a vfio-user server serves it. The server has checked lengths, offsets and counts against what the device describes.</summary>
/// <remarks>The server calls it from one thread. Where a call can't be done the device throws <see cref="VfioUserException"/> with the
/// errno that the peer is to see. Source: QEMU docs/interop/vfio-user.rst.</remarks>
public interface IVfioUserDevice
{
    /// <summary>The regions by index, as DEVICE_GET_REGION_INFO describes them.</summary>
    IReadOnlyList<VfioUserRegion> Regions { get; }

    /// <summary>The number of interrupts of each index, as DEVICE_GET_IRQ_INFO describes them.</summary>
    IReadOnlyList<uint> InterruptCounts { get; }

    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags Migration { get; }

    /// <summary>The page sizes at which it logs its DMA; empty where it does not.</summary>
    IReadOnlyList<PageSize> DmaLogPageSizes { get; }

    /// <summary>The most ranges that it logs.</summary>
    int DmaLogMaxRanges { get; }

    /// <summary>Reads from a region.</summary>
    void RegionRead(int region, ulong offset, Span<byte> data);

    /// <summary>Writes to a region.</summary>
    void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data);

    /// <summary>Maps memory for DMA. <paramref name="file"/> is null where DMA must go by messages; the device takes
    /// ownership of it, but where it throws.</summary>
    void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file);

    /// <summary>Unmaps one mapping, exactly as it was mapped; when it returns no DMA to it is under way.</summary>
    /// <param name="range">The mapping.</param>
    /// <param name="dirty">Where not null, takes the dirty pages of the mapping that were not reported yet.</param>
    void DmaUnmap(IovaRange range, DirtyBitmap? dirty);

    /// <summary>Unmaps everything.</summary>
    void DmaUnmapAll();

    /// <summary>Gives the eventfds of interrupts [<paramref name="start"/>, start + count) of an index; a null entry disables that one.</summary>
    /// <remarks>The device takes ownership of the handles, and closes those that it held before. Where it throws, the server closes them.</remarks>
    void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events);

    /// <summary>Resets the device; its migration state is RUNNING afterwards.</summary>
    void Reset();

    /// <summary>The migration state.</summary>
    VfioDeviceState State { get; }

    /// <summary>Takes an arc or a combination of arcs.</summary>
    void SetState(VfioDeviceState next);

    /// <summary>Reads state bytes; 0 means none.</summary>
    int ReadMigrationData(Span<byte> buffer);

    /// <summary>Writes state bytes.</summary>
    void WriteMigrationData(ReadOnlySpan<byte> data);

    /// <summary>An estimate of the bytes that STOP_COPY gives (feature MIG_DATA_SIZE), or null.</summary>
    ulong? EstimateStopCopyBytes();

    /// <summary>Starts logging DMA writes.</summary>
    void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize);

    /// <summary>Stops logging.</summary>
    void StopDmaLog();

    /// <summary>ORs the pages of the range that were written since the last report into the bitmap, and forgets them.</summary>
    void ReportDmaLog(IovaRange range, DirtyBitmap bitmap);
}
