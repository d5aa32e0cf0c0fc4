using CsCheck;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Xunit;

namespace Ferry.Tracking.Tests.AddressSpaces;

/// <summary>Mappings that come and go while a device writes through them, against a plain set of the guest pages that it wrote.</summary>
public sealed class TranslatedTrackerTests
{
    private const ulong Base = 1UL << 40;
    private const int Slots = 64;
    private const ulong MemoryPages = 256;
    private static readonly IovaRange Memory = new(new(0), MemoryPages << 12);

    private static readonly Gen<(int Kind, int Slot, int Page, int Pages)[]> Steps =
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, Slots - 1], Gen.Int[0, (int)MemoryPages - 4], Gen.Int[1, 4]).Array[1, 120];

    [Fact]
    public void Reports_are_the_pages_that_were_written_and_no_others() => Steps.Sample(steps => Run(steps, withFailures: false, handsOver: true), iter: 2000);

    [Fact]
    public void No_page_is_lost_where_reports_come_too_late() => Steps.Sample(steps => Run(steps, withFailures: true, handsOver: true), iter: 2000);

    [Fact]
    public void Unmapping_that_hands_nothing_over_is_seen_to_lose_pages() =>
        Assert.Throws<CsCheckException>(() => Steps.Sample(steps => Run(steps, withFailures: false, handsOver: false), iter: 2000));

    [Fact]
    public void A_mapping_that_the_device_did_not_give_back_in_time_is_dirty_at_the_next_report_too()
    {
        var (space, log) = Create();
        using var tracker = new TranslatedTracker(log, space);
        tracker.Start([Memory], PageSize.Size4K);
        var mapping = new AddressSpaceMapping(new(new(Base), 8192), new(40 << 12), true);
        using var bitmap = new DirtyBitmap(Memory, PageSize.Size4K);
        lock (space.Gate)
        {
            Assert.True(space.TryAdd(mapping));
            tracker.Doubt(mapping);
        }

        tracker.Report(Memory, bitmap);
        Assert.Equal([40UL, 41], AddressSpaceTests.Pages(bitmap));
        bitmap.Clear();
        tracker.Report(Memory, bitmap);
        Assert.Empty(AddressSpaceTests.Pages(bitmap));
    }

    [Fact]
    public void It_promises_all_of_memory_at_the_sizes_that_the_aperture_is_made_of()
    {
        var inner = new FakeTracker("log", [new("nic0")], [PageSize.Size4K, PageSize.Size2M]) { MaxRanges = 1 };
        using var tracker = new TranslatedTracker(inner, new AddressSpace(new(new(Base), Slots << 12), 8));
        Assert.Equal([PageSize.Size4K], tracker.Coverage.PageSizes);
        Assert.Null(tracker.Coverage.Ranges);
        Assert.Equal(int.MaxValue, tracker.Coverage.MaxRanges);
        tracker.Start([new(new(0), 4096), new(new(8192), 4096)], PageSize.Size4K);
    }

    [Fact]
    public void A_tracker_that_can_not_hold_the_aperture_is_refused()
    {
        var space = new AddressSpace(new(new(Base), Slots << 12), 8);
        Assert.Throws<ArgumentException>(() => new TranslatedTracker(new FakeTracker("log", [], [PageSize.Size2M]), space));
        Assert.Throws<ArgumentException>(() => new TranslatedTracker(new FakeTracker("log", [], [PageSize.Size4K]) { Ranges = [Memory] }, space));
    }

    [Fact]
    public void One_that_does_not_start_leaves_nothing_started()
    {
        var (space, log) = Create();
        log.Start([space.Aperture], PageSize.Size4K);
        using var tracker = new TranslatedTracker(log, space);
        Assert.Throws<InvalidOperationException>(() => tracker.Start([Memory], PageSize.Size4K));
        Assert.False(tracker.IsStarted);
        log.Stop();
        tracker.Start([Memory], PageSize.Size4K);
        Assert.True(tracker.IsStarted);
    }

    private static (AddressSpace Space, IovaLog Log) Create() => (new AddressSpace(new(new(Base), Slots << 12), 16), new IovaLog());

    private static bool Run((int Kind, int Slot, int Page, int Pages)[] steps, bool withFailures, bool handsOver)
    {
        var (space, log) = Create();
        using var tracker = new TranslatedTracker(log, space);
        tracker.Start([Memory], PageSize.Size4K);
        var written = new HashSet<ulong>();
        var isExact = true;
        foreach (var (kind, slot, page, pages) in steps.Append((9, 0, 0, 4)))
        {
            switch (kind)
            {
                case 0 or 1 or 2:
                    lock (space.Gate)
                    {
                        space.TryAdd(new(new(new(Base + ((ulong)slot << 12)), (ulong)pages << 12), new((ulong)page << 12), true));
                    }

                    break;
                case 3 or 4:
                    Unmap(space, log, handsOver ? tracker : null, slot);
                    break;
                case 8 when withFailures:
                    (log.FailsNext, isExact) = (true, false);
                    break;
                case 9 when !Report(tracker, written, page, isExact):
                    return false;
                case 9:
                    break;
                default:
                    Write(space, log, written, slot);
                    break;
            }
        }

        using var rest = new DirtyBitmap(Memory, PageSize.Size4K);
        Take(tracker, Memory, rest);
        return written.All(rest.IsSet);
    }

    private static void Write(AddressSpace space, IovaLog log, HashSet<ulong> written, int slot)
    {
        var iova = new Iova(Base + ((ulong)slot << 12) + 100);
        if (space.TryFind(iova, out var mapping))
        {
            log.Write(iova.Value);
            written.Add(mapping.MemoryOf(new(iova, 1)).Start.Value >> 12);
        }
    }

    private static void Unmap(AddressSpace space, IovaLog log, TranslatedTracker? tracker, int slot)
    {
        lock (space.Gate)
        {
            if (space.TryFind(new(Base + ((ulong)slot << 12)), out var mapping))
            {
                using var dirty = new DirtyBitmap(mapping.Range, PageSize.Size4K);
                log.Unmap(dirty);
                tracker?.TakeUnmapped(mapping, dirty);
                Assert.True(space.TryRemove(mapping.Range));
            }
        }
    }

    private static bool Report(TranslatedTracker tracker, HashSet<ulong> written, int firstPage, bool isExact)
    {
        var range = new IovaRange(new((ulong)firstPage << 12), (MemoryPages - (ulong)firstPage) << 12);
        using var bitmap = new DirtyBitmap(Memory, PageSize.Size4K);
        var succeeded = Take(tracker, range, bitmap);
        var expected = written.Where(page => page >= (ulong)firstPage).ToHashSet();
        written.ExceptWith(expected);
        var reported = AddressSpaceTests.Pages(bitmap).ToHashSet();
        return succeeded && isExact ? reported.SetEquals(expected) : reported.IsSupersetOf(expected);
    }

    private static bool Take(TranslatedTracker tracker, IovaRange range, DirtyBitmap bitmap)
    {
        try
        {
            tracker.Report(range, bitmap);
            return true;
        }
        catch (TrackerFailedException)
        {
            return false;
        }
    }
}
