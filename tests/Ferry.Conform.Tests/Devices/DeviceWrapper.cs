using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.Tests.Devices;

/// <summary>A device that does what another does, to be made wrong in one thing.</summary>
internal abstract class DeviceWrapper(IVfioUserDevice inner) : IVfioUserDevice, IDisposable
{
    public IReadOnlyList<VfioUserRegion> Regions => Inner.Regions;

    public IReadOnlyList<uint> InterruptCounts => Inner.InterruptCounts;

    public virtual VfioMigrationFlags Migration => Inner.Migration;

    public virtual IReadOnlyList<PageSize> DmaLogPageSizes => Inner.DmaLogPageSizes;

    public virtual int DmaLogMaxRanges => Inner.DmaLogMaxRanges;

    public virtual VfioDeviceState State => Inner.State;

    protected IVfioUserDevice Inner { get; } = inner;

    public virtual void RegionRead(int region, ulong offset, Span<byte> data) => Inner.RegionRead(region, offset, data);

    public virtual void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data) => Inner.RegionWrite(region, offset, data);

    public virtual void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file) =>
        Inner.DmaMap(range, fileOffset, read, write, file);

    public void DmaUnmap(IovaRange range, DirtyBitmap? dirty) => Inner.DmaUnmap(range, dirty);

    public virtual void DmaUnmapAll() => Inner.DmaUnmapAll();

    public virtual void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => Inner.SetInterrupts(index, start, events);

    public virtual void Reset() => Inner.Reset();

    public virtual void SetState(VfioDeviceState next) => Inner.SetState(next);

    public virtual int ReadMigrationData(Span<byte> buffer) => Inner.ReadMigrationData(buffer);

    public virtual void WriteMigrationData(ReadOnlySpan<byte> data) => Inner.WriteMigrationData(data);

    public virtual ulong? EstimateStopCopyBytes() => Inner.EstimateStopCopyBytes();

    public virtual void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Inner.StartDmaLog(ranges, pageSize);

    public virtual void StopDmaLog() => Inner.StopDmaLog();

    public virtual void ReportDmaLog(IovaRange range, DirtyBitmap bitmap) => Inner.ReportDmaLog(range, bitmap);

    public virtual void Dispose() => (Inner as IDisposable)?.Dispose();
}
