using Ferry.Lab.Devices;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A mediated device that never does DMA: its own log is started, read and stopped, and its container knows that nothing was pinned.</summary>
internal sealed class MttyTrackersCheck : ILabCheck
{
    private static readonly IovaRange Range = new(new(32 << 20), 1 << 20);

    /// <inheritdoc/>
    public string Name => "mtty-trackers";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var made = MediatedDevice.Create("mtty", "mtty-1");
        string sizes;
        using (var mtty = new MttyDevice(VfioFiles.OpenDevice(made.Folder)))
        {
            LabContext.Require(VfioDeviceTracker.TryCreate(mtty.Device, new("mtty"), out var log, out var reason), reason ?? "");
            using (log)
            {
                RequireNothing(log);
                sizes = $"{log.Coverage.PageSizes[0]} to {log.Coverage.PageSizes[^1]}";
            }
        }

        using var memory = MappedMemory.MapAnonymous(Range.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        LabContext.Require(VfioContainer.TryOpen(out var opened, out var problem), problem ?? "");
        using var container = opened!;
        LabContext.Require(VfioGroup.TryOpen(VfioFiles.OpenGroup(made.Folder), out var openedGroup, out problem), problem ?? "");
        using var group = openedGroup!;
        group.SetContainer(container);
        container.UseType1();
        using var device = group.OpenDevice(Path.GetFileName(made.Folder));
        container.Map(Range, memory.Address, MapAccess.ReadWrite);
        LabContext.Require(Type1Tracker.TryCreate(container, [new("mtty")], out var tracker, out problem), problem ?? "");
        using (tracker)
        {
            LabContext.Require(tracker.Coverage.Precision == TrackingPrecision.PinnedForWrite, $"type1 says {tracker.Coverage.Precision}");
            RequireNothing(tracker);
            tracker.Start([Range], PageSize.Size4K);
            using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
            tracker.Unmap(Range, bitmap);
            LabContext.Require(bitmap.Count() == 0 && container.Mappings.Count == 0, $"{bitmap.Count()} pages were dirty where nothing was pinned");
        }

        return $"DMA log at {sizes}; type1 says pinned for write, and nothing is";
    }

    private static void RequireNothing(IDirtyTracker tracker)
    {
        tracker.Start([Range], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
        bitmap.SetPages(9, 1);
        tracker.Report(Range, bitmap);
        tracker.Report(new(new(Range.Start.Value + (3 << 12)), 70 << 12), bitmap);
        LabContext.Require(bitmap.Count() == 1 && bitmap.IsSet(9), $"{tracker.Name} set {bitmap.Count()} pages, one of which was set before");
        tracker.Stop();
    }
}
