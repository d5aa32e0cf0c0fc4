using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>As iommufd does it: it walks pages of the IOMMU, forgets each as a whole, and sets bits from where it began in it, be they beyond the
/// range; it ends without a word where nothing is mapped.</summary>
internal sealed class HwptModel(params IovaRange[] mappings) : KernelModel(mappings), IHwptCalls
{
    /// <summary>The size of the IOMMU's pages, where a mapping holds a whole one.</summary>
    public ulong IommuPageBytes { get; init; } = 4096;

    /// <summary>Whether bits were set beyond what was asked for, or a page forgotten that was only touched: whoever asked lost pages or memory.</summary>
    public bool WasMisused { get; private set; }

    public void SetTracking(bool enabled)
    {
        Pass();
        IsTracking = enabled;
        Forget();
    }

    public void GetDirty(IovaRange range, PageSize pageSize, Span<ulong> words, bool clear)
    {
        Pass();
        Require(range.IsAligned(pageSize));
        lock (Gate)
        {
            for (var at = range.Start.Value; at <= range.Last.Value;)
            {
                if (!TryFind(at, out var mapping) || !IsTracking)
                {
                    return;
                }

                var (start, lengthBytes) = PageAt(mapping, at);
                WasMisused |= start < range.Start.Value || start + lengthBytes - 1 > range.Last.Value;
                if (Take(start, lengthBytes, clear))
                {
                    for (var first = at; first < start + lengthBytes; first += 4096)
                    {
                        var bit = (first - range.Start.Value) >> pageSize.Shift;
                        words[(int)(bit / 64)] |= 1UL << (int)(bit % 64);
                    }
                }

                at = start + lengthBytes;
            }
        }
    }

    public void Unmap(IovaRange range)
    {
        Pass();
        Mappings = [.. Mappings.Where(mapping => !range.Contains(mapping))];
    }

    private (ulong Start, ulong LengthBytes) PageAt(IovaRange mapping, ulong address)
    {
        var start = address & ~(IommuPageBytes - 1);
        return start >= mapping.Start.Value && start + (IommuPageBytes - 1) <= mapping.Last.Value ? (start, IommuPageBytes) : (address & ~4095UL, 4096);
    }
}
