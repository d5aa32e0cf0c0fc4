using Ferry.Devices.Dma;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.Devices.Tests.Dma;

/// <summary>A log that reports what is pinned.</summary>
public sealed class DmaPinsTests : IDisposable
{
    private const ulong Page = 4096;

    private static readonly PageSize Size16K = new(4 * Page);

    private readonly MemoryFile _file = MemoryFile.Create("test-dma", 64 * Page);
    private readonly DmaWindows _windows = new(maxMaps: 4, new DmaLogLimits([PageSize.Size4K, Size16K], MaxRanges: 4, MaxBitmapBytes: 1 << 20)
    {
        Mode = DmaLogMode.Pinned,
        MaxPinnedPages = 16,
    });

    public DmaPinsTests() => _windows.Map(Pages(0, 32), 0, read: true, write: true, Share());

    [Fact]
    public void What_is_pinned_for_write_is_in_every_report_and_once_more_after()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(3), 2 * 4096, DmaAccess.Write));
        AssertReported(3, 4);
        AssertReported(3, 4);
        _windows.Unpin(At(3), 2 * 4096, DmaAccess.Write);
        AssertReported(3, 4);
        AssertReported();
        Assert.Equal(0, _windows.PinnedPages);
    }

    [Fact]
    public void What_was_pinned_before_the_log_started_is_reported()
    {
        Assert.True(_windows.TryPin(At(7), 1, DmaAccess.Write));
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        AssertReported(7);
        _windows.StopLog();
        _windows.Unpin(At(7), 1, DmaAccess.Write);
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        AssertReported();
    }

    [Fact]
    public void What_is_pinned_for_read_is_never_reported_and_not_written()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(3), 4096, DmaAccess.Read));
        Assert.False(_windows.TryWrite(At(3), [1]));
        Assert.False(_windows.TryAcquire(At(3), 1, DmaAccess.Write, out _));
        Assert.True(_windows.TryRead(At(3), new byte[8]));
        _windows.Unpin(At(3), 4096, DmaAccess.Read);
        AssertReported();
    }

    [Fact]
    public void A_write_of_which_any_page_is_not_pinned_for_write_is_refused_and_writes_nothing()
    {
        Assert.True(_windows.TryPin(At(4), 4096, DmaAccess.Write));
        Assert.False(_windows.TryWrite(new((5 * Page) - 4), [1, 1, 1, 1, 1, 1, 1, 1]));
        Assert.False(_windows.TryWrite(new((4 * Page) - 4), [1, 1, 1, 1, 1, 1, 1, 1]));
        var page = new byte[3 * 4096];
        Assert.True(_windows.TryRead(At(3), page));
        Assert.DoesNotContain((byte)1, page);
        Assert.True(_windows.TryWrite(At(4), [1]));
        Assert.True(_windows.TryAcquire(At(4), 4096, DmaAccess.Write, out var span));
        span.Dispose();
    }

    [Fact]
    public void A_page_stays_pinned_until_each_pin_was_undone()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(5), 64, DmaAccess.Write));
        Assert.True(_windows.TryPin(new((5 * Page) + 64), 64, DmaAccess.Write));
        Assert.True(_windows.TryPin(At(5), 64, DmaAccess.Read));
        _windows.Unpin(At(5), 64, DmaAccess.Write);
        AssertReported(5);
        Assert.True(_windows.TryWrite(At(5), [1]));
        _windows.Unpin(At(5), 64, DmaAccess.Write);
        AssertReported(5);
        AssertReported();
        Assert.Equal(1, _windows.PinnedPages);
        _windows.Unpin(At(5), 64, DmaAccess.Read);
        _windows.Unpin(At(5), 64, DmaAccess.Write);
        Assert.Equal(0, _windows.PinnedPages);
        AssertReported();
    }

    [Fact]
    public void A_write_that_is_under_way_when_its_page_is_unpinned_is_reported_when_it_ends()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(9), 4096, DmaAccess.Write));
        Assert.True(_windows.TryAcquire(At(9), 4096, DmaAccess.Write, out var span));
        using (span)
        {
            _windows.Unpin(At(9), 4096, DmaAccess.Write);
            AssertReported(9);
            span.Bytes[0] = 1;
        }

        AssertReported(9);
        AssertReported();
    }

    [Fact]
    public void What_is_not_all_mapped_for_it_or_too_much_is_not_pinned_at_all()
    {
        _windows.Map(Pages(40, 2), 0, read: true, write: false, Share());
        Assert.False(_windows.TryPin(At(31), 2 * 4096, DmaAccess.Write));
        Assert.False(_windows.TryPin(At(40), 1, DmaAccess.Write));
        Assert.False(_windows.TryPin(new(ulong.MaxValue), 2, DmaAccess.Read));
        Assert.False(_windows.TryPin(At(0), 17 * 4096, DmaAccess.Write));
        Assert.Equal(0, _windows.PinnedPages);
        Assert.True(_windows.TryPin(At(40), 8192, DmaAccess.Read));
        Assert.True(_windows.TryPin(At(0), 14 * 4096, DmaAccess.Write));
        Assert.False(_windows.TryPin(At(20), 1, DmaAccess.Write));
        Assert.Equal(16, _windows.PinnedPages);
    }

    [Fact]
    public void A_coarser_log_reports_the_whole_page_of_its_size_within_what_is_asked_for()
    {
        _windows.StartLog([Pages(0, 32)], Size16K);
        Assert.True(_windows.TryPin(At(6), 1, DmaAccess.Write));
        AssertReported(4, 5, 6, 7);
        using var bitmap = new DirtyBitmap(Pages(0, 32), PageSize.Size4K);
        _windows.ReportLog(Pages(8, 4), bitmap);
        Assert.Equal(0UL, bitmap.Count());
        _windows.ReportLog(Pages(4, 1), bitmap);
        Assert.Equal(1UL, bitmap.Count());
        Assert.True(bitmap.IsSet(4));
    }

    [Fact]
    public void Unmapping_takes_the_pins_along_and_reports_them()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(2), 1, DmaAccess.Write));
        using (var bitmap = new DirtyBitmap(Pages(0, 32), PageSize.Size4K))
        {
            _windows.Unmap(Pages(0, 32), bitmap);
            Assert.Equal(1UL, bitmap.Count());
            Assert.True(bitmap.IsSet(2));
        }

        _windows.Map(Pages(0, 32), 0, read: true, write: true, Share());
        Assert.False(_windows.TryWrite(At(2), [1]));
        _windows.Unpin(At(2), 1, DmaAccess.Write);
        AssertReported();

        // Without a bitmap it waits for the next report.
        Assert.True(_windows.TryPin(At(2), 1, DmaAccess.Write));
        _windows.Unmap(Pages(0, 32), null);
        AssertReported(2);
        AssertReported();
    }

    [Fact]
    public void Everything_is_unpinned_at_once_and_reported()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        Assert.True(_windows.TryPin(At(2), 3 * 4096, DmaAccess.Write));
        Assert.True(_windows.TryPin(At(8), 1, DmaAccess.Read));
        _windows.UnpinAll();
        Assert.Equal(0, _windows.PinnedPages);
        Assert.False(_windows.TryWrite(At(2), [1]));
        AssertReported(2, 3, 4);
        AssertReported();
    }

    [Fact]
    public void Where_the_log_is_exact_nothing_is_pinned()
    {
        using var windows = new DmaWindows(maxMaps: 1, new DmaLogLimits([PageSize.Size4K], MaxRanges: 1, MaxBitmapBytes: 4096));
        windows.Map(Pages(0, 1), 0, read: true, write: true, Share());
        Assert.False(windows.NeedsPins);
        Assert.Throws<InvalidOperationException>(() => windows.TryPin(At(0), 1, DmaAccess.Write));
        Assert.Throws<InvalidOperationException>(() => windows.Unpin(At(0), 1, DmaAccess.Write));
        windows.UnpinAll();
        Assert.True(windows.TryWrite(At(0), [1]));
    }

    [Fact]
    public void A_page_pinned_written_and_unpinned_beside_reports_is_in_this_one_or_a_later_one()
    {
        _windows.StartLog([Pages(0, 32)], PageSize.Size4K);
        using var found = new DirtyBitmap(Pages(0, 32), PageSize.Size4K);
        using var bitmap = new DirtyBitmap(Pages(0, 32), PageSize.Size4K);
        for (var round = 0; round < 200; round++)
        {
            found.Clear();
            var writer = new Thread(() =>
            {
                for (var page = 0UL; page < 32; page++)
                {
                    Assert.True(_windows.TryPin(At(page), 1, DmaAccess.Write));
                    Assert.True(_windows.TryWrite(At(page), [1]));
                    _windows.Unpin(At(page), 1, DmaAccess.Write);
                }
            });
            writer.Start();
            while (writer.IsAlive)
            {
                _windows.ReportLog(Pages(0, 32), found);
            }

            writer.Join();
            _windows.ReportLog(Pages(0, 32), found);
            Assert.Equal(32UL, found.Count());
            _windows.ReportLog(Pages(0, 32), bitmap);
            Assert.Equal(0UL, bitmap.Count());
        }
    }

    public void Dispose()
    {
        _windows.Dispose();
        _file.Dispose();
    }

    private static Iova At(ulong page) => new(page * Page);

    private static IovaRange Pages(ulong first, ulong count) => new(At(first), count * Page);

    private SafeFileHandle Share() => Models.GuestDriver.Reopen(_file.Handle);

    private void AssertReported(params ulong[] pages)
    {
        using var bitmap = new DirtyBitmap(Pages(0, 32), PageSize.Size4K);
        _windows.ReportLog(Pages(0, 32), bitmap);
        Assert.Equal(pages, Enumerable.Range(0, 32).Select(page => (ulong)page).Where(bitmap.IsSet));
    }
}
