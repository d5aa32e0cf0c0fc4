using System.Buffers.Binary;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Machine.Tests;

/// <summary>An rnic one of whose registers, or whose doorbells, say something else.</summary>
internal sealed class LyingDevice(Rnic nic, ulong register, uint value, Func<VfioUserRegion, VfioUserRegion>? doorbells = null) : IVfioUserDevice
{
    private const int Doorbells = 2;

    public IReadOnlyList<VfioUserRegion> Regions => [.. nic.Regions.Select((region, i) => i == Doorbells && doorbells is not null ? doorbells(region) : region)];

    public IReadOnlyList<uint> InterruptCounts => nic.InterruptCounts;

    public VfioMigrationFlags Migration => nic.Migration;

    public IReadOnlyList<PageSize> DmaLogPageSizes => nic.DmaLogPageSizes;

    public int DmaLogMaxRanges => nic.DmaLogMaxRanges;

    public VfioDeviceState State => nic.State;

    public void RegionRead(int region, ulong offset, Span<byte> data)
    {
        nic.RegionRead(region, offset, data);
        if (region == 0 && offset == register)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(data, value);
        }
    }

    public void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data) => nic.RegionWrite(region, offset, data);

    public void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file) => nic.DmaMap(range, fileOffset, read, write, file);

    public void DmaUnmap(IovaRange range, DirtyBitmap? dirty) => nic.DmaUnmap(range, dirty);

    public void DmaUnmapAll() => nic.DmaUnmapAll();

    public void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => nic.SetInterrupts(index, start, events);

    public void Reset() => nic.Reset();

    public void SetState(VfioDeviceState next) => nic.SetState(next);

    public int ReadMigrationData(Span<byte> buffer) => nic.ReadMigrationData(buffer);

    public void WriteMigrationData(ReadOnlySpan<byte> data) => nic.WriteMigrationData(data);

    public ulong? EstimateStopCopyBytes() => nic.EstimateStopCopyBytes();

    public void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => nic.StartDmaLog(ranges, pageSize);

    public void StopDmaLog() => nic.StopDmaLog();

    public void ReportDmaLog(IovaRange range, DirtyBitmap bitmap) => nic.ReportDmaLog(range, bitmap);
}
