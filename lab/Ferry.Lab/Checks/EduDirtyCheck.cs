using Ferry.Lab.Devices;
using Ferry.Linux.Events;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Lab.Checks;

/// <summary>A device whose IOMMU has no dirty bits, tracked by its container: that says that all is dirty, and a copy that follows its reports is whole.</summary>
internal sealed class EduDirtyCheck : ILabCheck
{
    private const int Rounds = 3;
    private static readonly IovaRange First = new(new(0x0a00_0000), 70 << 12);
    private static readonly IovaRange Second = new(new(First.Last.Value + 1), 186 << 12);

    /// <inheritdoc/>
    public string Name => "type1-edu-dirty";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var bound = PassthroughDevice.Bind(EduDevice.Vendor, EduDevice.Device);
        LabContext.Require(VfioContainer.TryOpen(out var opened, out var reason), reason ?? "");
        using var container = opened!;
        LabContext.Require(VfioGroup.TryOpen(VfioFiles.OpenGroup(bound.Folder), out var openedGroup, out reason), reason ?? "");
        using var group = openedGroup!;
        group.SetContainer(container);
        container.UseType1();
        using var device = group.OpenDevice(bound.Address);
        CheckInterrupts(device);
        var all = new IovaRange(First.Start, First.LengthBytes + Second.LengthBytes);
        using var memory = MappedMemory.MapAnonymous(all.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        container.Map(First, memory.Address, MapAccess.ReadWrite);
        container.Map(Second, new(memory.Address.Value + (nuint)First.LengthBytes), MapAccess.ReadWrite);
        LabContext.RequireRefusal(() => container.Map(First, memory.Address, MapAccess.ReadWrite), "a second mapping of the same addresses");
        LabContext.Require(Type1Tracker.TryCreate(container, [new("edu")], out var tracker, out reason), reason ?? "");
        using (tracker)
        {
            LabContext.Require(tracker.Coverage.Precision == TrackingPrecision.AllMapped, $"type1 says {tracker.Coverage.Precision}");
            using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
            Follow(tracker, new EduDevice(device), memory, bitmap);

            // Of two mappings that meet within a word: one is asked for, then unmapped; the other follows.
            bitmap.Clear();
            tracker.Report(new(First.Start, 10 << 12), bitmap);
            LabContext.Require(bitmap.Count() == 10, $"{bitmap.Count()} of 10 pages were reported");
            tracker.Unmap(First, bitmap);
            LabContext.Require(bitmap.Count() == 70 && bitmap.Count(0, 70) == 70, $"{bitmap.Count()} pages were delivered with the 70 that were unmapped");
            tracker.Report(all, bitmap);
            LabContext.Require(bitmap.Count() == 256, $"{bitmap.Count()} of 256 pages in the end");
            LabContext.RequireRefusal(() => container.Unmap(new(Second.Start, 1 << 12)), "the unmapping of a part");
        }

        LabContext.RequireRefusal(() => container.GetDirtyBitmap(Second, PageSize.Size4K, new ulong[3]), "a report without tracking");
        return $"all mapped, as it is; {Rounds} rounds copied, 256 pages equal; an interrupt by event file";
    }

    private static void Follow(Type1Tracker tracker, EduDevice edu, MappedMemory memory, DirtyBitmap bitmap)
    {
        using var copy = MappedMemory.MapAnonymous(memory.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        var source = memory.GetSpan(0, (int)memory.LengthBytes);
        var target = copy.GetSpan(0, source.Length);
        var random = new Random(5);
        random.NextBytes(source[..4096]);
        tracker.Start([bitmap.Range], PageSize.Size4K);
        for (var round = 0; round < Rounds; round++)
        {
            edu.ReadMemory(bitmap.Range.Start, EduDevice.MaxBytes);
            edu.WriteMemory(new(bitmap.Range.Start.Value + ((ulong)random.Next(1, 256) << 12)), EduDevice.MaxBytes);
            bitmap.Clear();
            tracker.Report(bitmap.Range, bitmap);
            foreach (var (first, count) in bitmap.Runs())
            {
                source.Slice((int)first << 12, (int)count << 12).CopyTo(target[((int)first << 12)..]);
            }
        }

        LabContext.Require(bitmap.Count() == bitmap.PageCount, $"{bitmap.Count()} of {bitmap.PageCount} mapped pages are dirty");
        LabContext.Require(source.SequenceEqual(target) && source[4096..].IndexOfAnyExcept((byte)0) >= 0, "the copy that followed the reports differs, or the device wrote nothing");
    }

    private static void CheckInterrupts(VfioDevice device)
    {
        var interrupts = device.GetInterrupts(VfioInterrupts.PciMsi);
        LabContext.Require(interrupts is { Count: > 0, CanSignal: true }, $"{interrupts}");
        using var signal = new EventFile();
        device.SetInterruptEvents(VfioInterrupts.PciMsi, 0, [signal]);
        device.TriggerInterrupt(VfioInterrupts.PciMsi, 0);
        LabContext.Require(signal.Take() == 1, "an interrupt did not signal its event file");
        device.DisableInterrupts(VfioInterrupts.PciMsi);
        LabContext.RequireRefusal(() => device.SetInterruptEvents(VfioInterrupts.PciMsi, interrupts.Count, [signal]), "an interrupt that the device does not have");
    }
}
