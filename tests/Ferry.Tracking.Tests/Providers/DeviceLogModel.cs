using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>As a driver with DMA logging does it: it logs at the page size of its device, in the ranges that it was started for.</summary>
internal sealed class DeviceLogModel(params IovaRange[] mappings) : KernelModel(mappings), IDeviceLogCalls
{
    private IReadOnlyList<IovaRange> _ranges = [];
    private PageSize _logged;

    public string Device => "model";

    /// <summary>The page sizes of the device, ascending; it takes the largest that is not larger than what is asked for, else the smallest.</summary>
    public IReadOnlyList<PageSize> DeviceSizes { get; init; } = [PageSize.Size4K];

    public PageSize Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        Pass();
        Require(!IsTracking && ranges.Count <= 256);
        Forget();
        (_ranges, IsTracking) = (ranges, true);
        return _logged = DeviceSizes.LastOrDefault(size => size <= pageSize, DeviceSizes[0]);
    }

    public void Report(IovaRange range, PageSize pageSize, Span<ulong> words)
    {
        Pass();
        Require(IsTracking && range.IsAligned(pageSize) && IsStarted(range));
        lock (Gate)
        {
            for (var at = range.Start.Value & ~(_logged.Bytes - 1); at <= range.Last.Value; at += _logged.Bytes)
            {
                if (Take(at, _logged.Bytes, clear: true))
                {
                    for (var first = at; first < at + _logged.Bytes; first += 4096)
                    {
                        var bit = (first - range.Start.Value) >> pageSize.Shift;
                        words[(int)(bit / 64)] |= 1UL << (int)(bit % 64);
                    }
                }
            }
        }
    }

    public void Stop()
    {
        Pass();
        IsTracking = false;
    }

    private bool IsStarted(IovaRange range)
    {
        var found = false;
        for (var i = 0; i < _ranges.Count; i++)
        {
            found |= _ranges[i].Contains(range);
        }

        return found;
    }
}
