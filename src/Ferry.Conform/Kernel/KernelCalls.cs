using Ferry.Linux;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Kernel;

/// <summary>The real calls, on a device that is open and has an address space.</summary>
/// <param name="device">The device; closed with this.</param>
/// <param name="opening">The calls that opened it.</param>
/// <param name="mapRequest">The request that <paramref name="map"/> makes.</param>
/// <param name="map">Maps memory in its address space.</param>
/// <param name="others">What else was opened, closed with this in this order, behind the device.</param>
internal sealed class KernelCalls(VfioDevice device, IReadOnlyList<string> opening, string mapRequest, Action<IovaRange, Hva, MapAccess> map, params IDisposable[] others)
    : IKernelCalls
{
    private readonly Dictionary<int, VfioRegion?> _regions = [];

    public IReadOnlyList<string> Opening { get; } = opening;

    public string MapRequest { get; } = mapRequest;

    public bool HasDmaLog => device.HasDmaLog;

    public VfioDeviceInfo GetInfo() => device.GetInfo();

    public VfioMigrationFlags GetMigrationFlags() => device.GetMigrationFlags();

    public VfioDeviceState GetState() => device.GetState();

    public IKernelSession? SetState(VfioDeviceState next) => device.SetState(next) is { } data ? new Session(data) : null;

    public ulong? EstimateStopCopyBytes() => device.EstimateStopCopyBytes();

    public void Map(IovaRange range, Hva memory) => map(range, memory, MapAccess.ReadWrite);

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => device.StartDmaLog(ranges, pageSize);

    public void StopDmaLog() => device.StopDmaLog();

    public void ReportDmaLog(IovaRange range, PageSize pageSize, Span<ulong> words) => device.ReportDmaLog(range, pageSize, words);

    public ulong GetRegionBytes(int region) => Find(region)?.LengthBytes ?? 0;

    public void ReadRegion(int region, ulong offset, Span<byte> data) => device.Read(Find(region)!, offset, data);

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data) => device.Write(Find(region)!, offset, data);

    public void SetInterrupt(int index, EventFile signal) => device.SetInterruptEvents((uint)index, 0, [signal]);

    public void Reset() => device.Reset();

    public void Dispose()
    {
        device.Dispose();
        foreach (var other in others)
        {
            other.Dispose();
        }
    }

    private VfioRegion? Find(int index)
    {
        if (!_regions.TryGetValue(index, out var region))
        {
            try
            {
                region = device.GetRegion((uint)index);
            }
            catch (KernelCallException)
            {
                // There is none of that index.
            }

            _regions.Add(index, region);
        }

        return region;
    }

    private sealed class Session(VfioMigrationData data) : IKernelSession
    {
        public DataRead Read(Span<byte> buffer)
        {
            var read = data.Read(buffer, out var isTemporaryEnd);
            return new(read, read == 0 ? isTemporaryEnd : null);
        }

        public void Write(ReadOnlySpan<byte> bytes) => data.Write(bytes);

        public VfioPreCopyInfo GetPreCopyInfo() => data.GetPreCopyInfo();

        public void Dispose() => data.Dispose();
    }
}
