using Ferry.Lab.Devices;
using Ferry.Linux.Iommufd;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>Larger pages of the IOMMU are reported as a whole, whatever part is asked for, and nothing of them is lost.</summary>
internal sealed class MockLargerPagesCheck : ILabCheck
{
    private const string Reserved = "/proc/sys/vm/nr_hugepages";
    private const ulong LargerPages = 256;
    private static readonly IovaRange Range = new(new(32 << 20), 4 << 20);

    /// <inheritdoc/>
    public string Name => "iommufd-larger-pages";

    /// <inheritdoc/>
    public LabMachine Machine => LabMachine.Plain;

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        // Memory that certainly lies together.
        var before = File.ReadAllText(Reserved);
        File.WriteAllText(Reserved, "2");
        try
        {
            if (File.ReadAllText(Reserved).Trim() != "2")
            {
                throw new SkippedException("the lab has no memory for two huge pages");
            }

            return Run();
        }
        finally
        {
            File.WriteAllText(Reserved, before);
        }
    }

    private static string Run()
    {
        using var device = new MockDevice(MockIommu.WithLargerPages, PageSize.Size2M, Range);
        LabContext.Require(
            IommufdTracker.TryCreate(device.Iommufd, device.Hwpt!, [device.DeviceId], [new("mock")], out var tracker, out var reason), reason ?? "");
        using (tracker)
        {
            tracker.Start([Range], PageSize.Size4K);
            using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
            device.Write(new(Range.Start.Value + (300 << 12)));

            // A part in the middle of the page, twice; then the pages around it, which were not forgotten with it.
            tracker.Report(new(new(Range.Start.Value + (290 << 12)), 20 << 12), bitmap);
            LabContext.Require(bitmap.Count(290, 20) == 20 && bitmap.Count() == 20, $"{bitmap.Count()} pages of a part of 20 were reported");
            bitmap.Clear();
            tracker.Report(new(new(Range.Start.Value + (290 << 12)), 20 << 12), bitmap);
            LabContext.Require(bitmap.Count() == 0, $"{bitmap.Count()} pages were reported twice");
            tracker.Report(Range, bitmap);
            LabContext.Require(bitmap.Count(256, LargerPages) == LargerPages - 20 && bitmap.Count() == LargerPages - 20, $"{bitmap.Count()} pages around the part were reported");
            bitmap.Clear();
            device.Write(new(Range.Start.Value + (1023 << 12)));
            tracker.Report(Range, bitmap);
            LabContext.Require(bitmap.Count(768, LargerPages) == LargerPages && bitmap.Count() == LargerPages, $"{bitmap.Count()} pages of the last larger page were reported");
        }

        return $"a write makes {LargerPages} pages of 4K dirty, each reported once";
    }
}
