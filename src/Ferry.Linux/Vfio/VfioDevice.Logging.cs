using Ferry.Memory;

namespace Ferry.Linux.Vfio;

public sealed unsafe partial class VfioDevice
{
    /// <summary>Whether the device logs its DMA: whether it has DMA_LOGGING_START, STOP and REPORT.</summary>
    public bool HasDmaLog => Has(VfioFeature.DmaLogStart, FeatureSet) && Has(VfioFeature.DmaLogStop, FeatureSet) && Has(VfioFeature.DmaLogReport, FeatureGet);

    /// <summary>Makes the device log its DMA writes.</summary>
    /// <param name="ranges">What to log; any number, the device may refuse many.</param>
    /// <param name="pageSize">The page size that is wished for.</param>
    /// <returns>The page size that it logs at, which may be another.</returns>
    /// <exception cref="KernelCallException">It refused, or logs already.</exception>
    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var items = new VfioFeatureLogRange[ranges.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = new() { Iova = ranges[i].Start.Value, Length = ranges[i].LengthBytes };
        }

        fixed (VfioFeatureLogRange* pointer = items)
        {
            var argument = new FeatureArgument<VfioFeatureLogControl>
            {
                Data = new() { PageSize = pageSize.Bytes, NumRanges = (uint)items.Length, Ranges = (ulong)pointer },
            };
            Feature(VfioFeature.DmaLogStart, FeatureSet, ref argument, $"{items.Length} ranges at {pageSize} on {Name}");
            var chosen = argument.Data.PageSize;
            if (!ulong.IsPow2(chosen) || chosen < PageSize.Size4K.Bytes)
            {
                StopDmaLog();
                throw new KernelCallException($"ioctl({VfioCalls.DeviceFeature.Name})", VfioErrno.NotSupported, $"{Name} logs DMA at {chosen} bytes, which is no page size");
            }

            return new(chosen);
        }
    }

    /// <summary>Sets in <paramref name="words"/> the pages of the range that the device wrote since the last report, which it forgets.</summary>
    /// <remarks>Never clears a bit. Where it throws, an unknown part was forgotten: the caller counts the range as dirty. Allocates nothing where
    /// it succeeds.</remarks>
    /// <param name="range">Made of whole pages of <paramref name="pageSize"/>.</param>
    /// <param name="pageSize">The size that one bit stands for. With another than the device logs at, the device may set bits beyond the range.</param>
    /// <param name="words">One bit a page from the range's first.</param>
    /// <exception cref="ArgumentException">There are fewer words than the pages need, or the range is not made of whole pages.</exception>
    /// <exception cref="KernelCallException">The device failed.</exception>
    public void ReportDmaLog(IovaRange range, PageSize pageSize, Span<ulong> words)
    {
        if (!range.IsAligned(pageSize) || range.LengthBytes >> pageSize.Shift > (ulong)words.Length * 64)
        {
            throw new ArgumentException($"{words.Length} words can't hold the pages of {pageSize} of {range}, or it is not made of whole ones.", nameof(range));
        }

        fixed (ulong* pointer = words)
        {
            var argument = new FeatureArgument<VfioFeatureLogReport>
            {
                Header = HeaderOf(VfioFeature.DmaLogReport, FeatureGet, sizeof(FeatureArgument<VfioFeatureLogReport>)),
                Data = new() { Iova = range.Start.Value, Length = range.LengthBytes, PageSize = pageSize.Bytes, Bitmap = (ulong)pointer },
            };
            if (VfioCalls.Ioctl(_handle, VfioCalls.DeviceFeature.Number, (nint)(&argument)) < 0)
            {
                throw VfioCalls.Failure(VfioCalls.DeviceFeature, $"DMA log of {Name}, {range}");
            }
        }
    }

    /// <summary>Ends the logging.</summary>
    /// <exception cref="KernelCallException">It refused.</exception>
    public void StopDmaLog()
    {
        var header = HeaderOf(VfioFeature.DmaLogStop, FeatureSet, sizeof(VfioFeatureHeader));
        VfioCalls.Call(_handle, VfioCalls.DeviceFeature, ref header, $"DMA log of {Name}");
    }
}
