using CsCheck;
using Ferry.Devices.Dma;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Devices.Tests.Dma;

public sealed class DmaLogTests : IDisposable
{
    private const ulong Page = 4096;
    private const ulong Bytes = 8 << 20;

    private static readonly PageSize[] Sizes = [PageSize.Size4K, new(16 << 10), new(64 << 10), PageSize.Size2M];

    private readonly MemoryFile _file = MemoryFile.Create("test-log", Bytes);
    private readonly DmaWindows _windows = new(maxMaps: 8, new DmaLogLimits(Sizes, MaxRanges: 3, MaxBitmapBytes: 4096));

    public DmaLogTests() => _windows.Map(Whole, 0, read: true, write: true, Models.GuestDriver.Reopen(_file.Handle));

    private static IovaRange Whole => new(new(0), Bytes);

    [Fact]
    public void Reports_hold_exactly_the_pages_that_were_written_at_every_page_size()
    {
        var write = Gen.Select(Gen.ULong[0, Bytes - 1], Gen.Int[1, 70_000]);
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], write.List[0, 12], write.List[0, 12]).Sample((logged, reported, first, second) =>
        {
            _windows.StartLog([Whole], Sizes[logged]);
            try
            {
                foreach (var writes in new[] { first, second })
                {
                    var expected = new HashSet<ulong>();
                    foreach (var (at, length) in writes)
                    {
                        var inside = (int)Math.Min((ulong)length, Bytes - at);
                        Assert.True(_windows.TryWrite(new(at), new byte[inside]));
                        AddPages(expected, at, (ulong)inside, Sizes[logged], Sizes[reported]);
                    }

                    using var bitmap = new DirtyBitmap(Whole, Sizes[reported]);
                    _windows.ReportLog(Whole, bitmap);
                    Assert.Equal(expected.Order(), SetPages(bitmap));
                }
            }
            finally
            {
                _windows.StopLog();
            }
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void A_report_of_a_part_keeps_what_it_did_not_tell()
    {
        _windows.StartLog([Whole], PageSize.Size2M);
        _windows.TryWrite(new(0x201000), [1]);
        using var first = new DirtyBitmap(new(new(0x200000), 0x100000), PageSize.Size4K);
        _windows.ReportLog(first.Range, first);
        Assert.Equal(first.PageCount, first.Count());
        using var rest = new DirtyBitmap(new(new(0x300000), 0x100000), PageSize.Size4K);
        _windows.ReportLog(rest.Range, rest);
        Assert.Equal(rest.PageCount, rest.Count());
        using var all = new DirtyBitmap(Whole, PageSize.Size4K);
        _windows.ReportLog(Whole, all);
        Assert.Equal(512UL, all.Count());
        all.Clear();
        _windows.ReportLog(Whole, all);
        Assert.Equal(0UL, all.Count());
    }

    [Fact]
    public void A_report_never_clears_a_bit_of_the_callers()
    {
        _windows.StartLog([Whole], PageSize.Size4K);
        _windows.TryWrite(new(5 * Page), [1]);
        using var bitmap = new DirtyBitmap(Whole, PageSize.Size4K);
        bitmap.SetPages(7, 2);
        _windows.ReportLog(Whole, bitmap);
        Assert.Equal([5, 7, 8], SetPages(bitmap));
    }

    [Fact]
    public void Writes_outside_of_the_logged_ranges_are_not_logged_and_such_reports_are_refused()
    {
        var low = new IovaRange(new(0), 4 * Page);
        var high = new IovaRange(new(8 * Page), 4 * Page);
        _windows.StartLog([high, low], PageSize.Size4K);
        _windows.TryWrite(new((4 * Page) - 1), new byte[(5 * Page) + 2]);
        using var bitmap = new DirtyBitmap(Whole, PageSize.Size4K);
        _windows.ReportLog(low, bitmap);
        _windows.ReportLog(high, bitmap);
        Assert.Equal([3, 8, 9], SetPages(bitmap));
        Refused(22, () => _windows.ReportLog(new(new(0), 5 * Page), bitmap));
        Refused(22, () => _windows.ReportLog(new(new(20 * Page), Page), bitmap));
        using var small = new DirtyBitmap(low, PageSize.Size4K);
        Refused(22, () => _windows.ReportLog(high, small));
        _windows.StopLog();
        Refused(22, () => _windows.ReportLog(low, bitmap));
    }

    [Fact]
    public void What_can_not_be_logged_is_refused_and_nothing_is_started()
    {
        Refused(22, () => _windows.StartLog([Whole], new PageSize(8192)));
        Refused(22, () => _windows.StartLog([], PageSize.Size4K));
        Refused(7, () => _windows.StartLog([.. Enumerable.Range(0, 4).Select(i => new IovaRange(new((ulong)i * Page), Page))], PageSize.Size4K));
        Refused(22, () => _windows.StartLog([new(new(Page), Page)], PageSize.Size2M));
        Refused(22, () => _windows.StartLog([new(new(0), 2 * Page), new(new(Page), Page)], PageSize.Size4K));
        Refused(12, () => _windows.StartLog([new(new(0), 1UL << 40)], PageSize.Size4K));
        Assert.False(_windows.IsLogging);
        _windows.StartLog([Whole], PageSize.Size4K);
        Refused(22, () => _windows.StartLog([Whole], PageSize.Size4K));
        using var none = new DmaWindows(1, new DmaLogLimits([], 4, 4096));
        Refused(95, () => none.StartLog([Whole], PageSize.Size4K));
    }

    [Fact]
    public void Unmapping_first_delivers_what_was_written_and_counts_the_unlogged_rest()
    {
        using var dirty = new DirtyBitmap(Whole, PageSize.Size4K);
        Refused(22, () => _windows.Unmap(Whole, dirty));
        _windows.StartLog([new(new(0), Bytes - (4 * Page))], PageSize.Size4K);
        _windows.TryWrite(new(9 * Page), [1]);
        _windows.Unmap(Whole, dirty);
        var last = (Bytes / Page) - 1;
        Assert.Equal([9, last - 3, last - 2, last - 1, last], SetPages(dirty));
        using var after = new DirtyBitmap(Whole, PageSize.Size4K);
        _windows.ReportLog(new(new(0), Bytes - (4 * Page)), after);
        Assert.Equal(0UL, after.Count());
    }

    [Fact]
    public void A_write_is_reported_after_it_ended_and_not_while_it_lasts()
    {
        // Reported while it lasts, the page would be copied half written and not again.
        _windows.StartLog([Whole], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(Whole, PageSize.Size4K);
        Assert.True(_windows.TryAcquire(new(3 * Page), 8, DmaAccess.Write, out var held));
        held.Bytes.Fill(1);
        _windows.ReportLog(Whole, bitmap);
        Assert.Equal(0UL, bitmap.Count());
        held.Dispose();
        _windows.ReportLog(Whole, bitmap);
        Assert.Equal([3], SetPages(bitmap));
    }

    [Fact]
    public void The_log_starts_when_no_write_is_under_way_and_reads_are_not_logged()
    {
        Assert.True(_windows.TryAcquire(new(3 * Page), 8, DmaAccess.Write, out var held));
        var starting = new Thread(() => _windows.StartLog([Whole], PageSize.Size4K));
        starting.Start();
        Thread.Sleep(20);
        Assert.False(_windows.IsLogging);
        held.Dispose();
        starting.Join();
        Assert.True(_windows.TryAcquire(new(5 * Page), 8, DmaAccess.Read, out var read));
        read.Dispose();
        using var bitmap = new DirtyBitmap(Whole, PageSize.Size4K);
        _windows.ReportLog(Whole, bitmap);
        Assert.Equal(0UL, bitmap.Count());
    }

    [Fact]
    public void Reports_beside_writes_lose_none_of_them()
    {
        // Each page holds how often it was written; after the last report every write must have been reported after it was done.
        const int Writes = 40_000;
        _windows.StartLog([Whole], PageSize.Size4K);
        using var memory = MappedMemory.MapShared(_file.Handle, 0, Bytes, MemoryProtection.Read | MemoryProtection.Write);
        var isDone = false;
        var worker = new Thread(() =>
        {
            var random = new Random(5);
            for (var i = 1; i <= Writes; i++)
            {
                _windows.TryWrite(new((ulong)random.Next(64) * Page), BitConverter.GetBytes(i));
            }

            Volatile.Write(ref isDone, true);
        });
        var copy = new int[64];
        using var bitmap = new DirtyBitmap(Whole, PageSize.Size4K);
        worker.Start();
        for (var isLast = false; !isLast;)
        {
            isLast = Volatile.Read(ref isDone);
            _windows.ReportLog(Whole, bitmap);
            foreach (var page in SetPages(bitmap))
            {
                copy[page] = BitConverter.ToInt32(memory.GetSpan(page * Page, 4));
            }

            bitmap.Clear();
        }

        worker.Join();
        Assert.Equal(Enumerable.Range(0, 64).Select(page => BitConverter.ToInt32(memory.GetSpan((ulong)page * Page, 4))), copy);
    }

    public void Dispose()
    {
        _windows.Dispose();
        _file.Dispose();
    }

    private static void Refused(int errno, Action call) => Assert.Equal(errno, Assert.Throws<VfioUserException>(call).Errno);

    private static void AddPages(HashSet<ulong> pages, ulong at, ulong length, PageSize logged, PageSize reported)
    {
        var start = at / logged.Bytes * logged.Bytes;
        var end = Math.Min(Bytes, (at + length + logged.Bytes - 1) / logged.Bytes * logged.Bytes);
        for (var page = start / reported.Bytes; page * reported.Bytes < end; page++)
        {
            pages.Add(page);
        }
    }

    private static List<ulong> SetPages(DirtyBitmap bitmap)
    {
        var pages = new List<ulong>();
        foreach (var (first, count) in bitmap.Runs())
        {
            for (var page = first; page < first + count; page++)
            {
                pages.Add(page);
            }
        }

        return pages;
    }
}
