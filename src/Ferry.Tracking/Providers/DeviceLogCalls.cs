using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The real calls.</summary>
internal sealed class DeviceLogCalls(VfioDevice device) : IDeviceLogCalls
{
    public string Device => device.Name;

    public PageSize Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => device.StartDmaLog(ranges, pageSize);

    public void Report(IovaRange range, PageSize pageSize, Span<ulong> words) => device.ReportDmaLog(range, pageSize, words);

    public void Stop() => device.StopDmaLog();
}
