using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>Whatever lies out of range is an error that changes nothing: a dropped bit is a lost page.</summary>
public sealed class DirtyBitmapBoundsTests : IDisposable
{
    private const ulong Pages = 100;
    private static readonly IovaRange Range = new(new(1 << 20), Pages << 12);
    private readonly DirtyBitmap _bitmap = new(Range, PageSize.Size4K);

    public static TheoryData<ulong, ulong> BeyondTheEnd => new()
    {
        { 0, Pages + 1 },
        { Pages, 1 },
        { Pages - 1, 2 },
        { Pages + 1, 0 },
        { 1, ulong.MaxValue },
        { ulong.MaxValue, 1 },
        { ulong.MaxValue, ulong.MaxValue },
        { 1UL << 63, 1UL << 63 },
    };

    public static TheoryData<ulong, ulong> NotWithin => new()
    {
        { Range.Start.Value - 1, 1 },
        { Range.Start.Value - 4096, Range.LengthBytes },
        { Range.Start.Value, Range.LengthBytes + 1 },
        { Range.Last.Value + 1, 1 },
        { 0, ulong.MaxValue },
        { ulong.MaxValue, 1 },
    };

    public void Dispose() => _bitmap.Dispose();

    [Theory]
    [MemberData(nameof(BeyondTheEnd))]
    public void Pages_beyond_the_end_are_refused(ulong first, ulong count)
    {
        using var other = new DirtyBitmap(Range, PageSize.Size4K);
        _bitmap.SetPages(7, 1);
        Action[] operations =
        [
            () => _bitmap.SetPages(first, count),
            () => _bitmap.SetPagesAtomic(first, count),
            () => _bitmap.ClearPages(first, count),
            () => _bitmap.Count(first, count),
            () => _bitmap.Runs(first, count),
            () => _bitmap.Drain(other, first, count),
        ];
        Assert.All(operations, operation => Assert.Throws<ArgumentOutOfRangeException>(operation));
        AssertOnlyPage7IsSet();
    }

    [Theory]
    [MemberData(nameof(NotWithin))]
    public void Ranges_that_reach_out_of_it_are_refused(ulong start, ulong length)
    {
        _bitmap.SetPages(7, 1);
        var range = new IovaRange(new(start), length);
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Set(range));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.IsWordAligned(range));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.WordsOf(range).Length);
        AssertOnlyPage7IsSet();
    }

    [Fact]
    public void No_range_at_all_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Set(default));
        Assert.Throws<ArgumentException>(() => new DirtyBitmap(default, PageSize.Size4K));
    }

    [Fact]
    public void A_range_of_broken_pages_has_no_bitmap()
    {
        Assert.Throws<ArgumentException>(() => new DirtyBitmap(new(new(0), 4097), PageSize.Size4K));
        Assert.Throws<ArgumentException>(() => new DirtyBitmap(new(new(4096), 2 << 20), PageSize.Size2M));
    }

    [Fact]
    public void A_bitmap_too_large_for_the_address_space_is_an_error() =>
        Assert.ThrowsAny<OutOfMemoryException>(() => new DirtyBitmap(new(new(0), 0xffff_ffff_ffff_f000), PageSize.Size4K));

    [Fact]
    public void Single_pages_and_addresses_outside_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.IsSet(Pages));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.IsSet(ulong.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.PageOf(new(Range.Start.Value - 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.PageOf(new(Range.Last.Value + 1)));
        Assert.Equal(0UL, _bitmap.PageOf(Range.Start));
        Assert.Equal(Pages - 1, _bitmap.PageOf(Range.Last));
    }

    [Fact]
    public void A_search_beyond_the_end_or_backwards_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.TryNextRun(0, Pages + 1, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.TryNextRun(3, 2, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.TryNextRun(ulong.MaxValue, ulong.MaxValue, out _, out _));
        Assert.False(_bitmap.TryNextRun(Pages, Pages, out _, out var count));
        Assert.Equal(0UL, count);
    }

    [Fact]
    public void A_bitmap_that_reaches_out_of_this_one_is_not_merged()
    {
        using var below = new DirtyBitmap(new(new(Range.Start.Value - 4096), 8192), PageSize.Size4K);
        using var above = new DirtyBitmap(new(new(Range.Last.Value - 4095), 8192), PageSize.Size4K);
        foreach (var other in (DirtyBitmap[])[below, above])
        {
            other.SetAll();
            Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Or(other));
            Assert.Throws<ArgumentOutOfRangeException>(() => other.Drain(_bitmap));
            Assert.Equal(2UL, other.Count());
        }

        Assert.Equal(0UL, _bitmap.Count());
    }

    [Theory]
    [InlineData(0x100000, 4096, 101)] // a page too many
    [InlineData(0xff000, 4096, 1)] // below
    [InlineData(0x100001, 4096, 100)] // one byte beyond
    [InlineData(0x100000, 2 << 20, 1)] // a coarse page of which only a part is here
    [InlineData(0xffff_ffff_ffff_f000, 4096, 2)] // wraps
    [InlineData(0x100000, 1UL << 40, 1UL << 24)] // beyond 2^64 bytes
    public void A_report_that_reaches_out_is_refused(ulong start, ulong pageBytes, ulong pages)
    {
        var words = new ulong[1 << 18];
        words[0] = 1;
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Or(words, new(start), new(pageBytes), pages));
        Assert.Equal(0UL, _bitmap.Count());
    }

    [Fact]
    public void A_report_shorter_than_its_pages_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Or([ulong.MaxValue], Range.Start, PageSize.Size4K, 65));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bitmap.Or([], Range.Start, PageSize.Size4K, 1));
        Assert.Equal(0UL, _bitmap.Or([], Range.Start, PageSize.Size4K, 0));
        Assert.Equal(0UL, _bitmap.Count());
    }

    [Fact]
    public void A_bitmap_is_not_drained_into_itself() => Assert.Throws<ArgumentException>(() => _bitmap.Drain(_bitmap));

    [Fact]
    public void A_drain_into_a_disposed_bitmap_takes_nothing()
    {
        var gone = new DirtyBitmap(Range, PageSize.Size4K);
        gone.Dispose();
        gone.Dispose();
        _bitmap.SetPages(7, 1);
        Assert.Throws<ObjectDisposedException>(() => _bitmap.Drain(gone));
        AssertOnlyPage7IsSet();
    }

    [Fact]
    public void After_disposal_nothing_touches_the_words()
    {
        using var other = new DirtyBitmap(Range, PageSize.Size4K);
        _bitmap.Dispose();
        Action[] operations =
        [
            () => _bitmap.SetPages(0, 1),
            () => _bitmap.SetPages(0, Pages),
            () => _bitmap.SetPagesAtomic(0, 1),
            () => _bitmap.Set(Range),
            _bitmap.SetAll,
            _bitmap.Clear,
            () => _bitmap.ClearPages(0, 1),
            () => _bitmap.IsSet(0),
            () => _bitmap.Count(),
            () => _bitmap.Count(0, 1),
            () => _bitmap.Or(other),
            () => other.Or(_bitmap),
            () => _bitmap.Or([1], Range.Start, PageSize.Size4K, 1),
            () => _bitmap.Drain(other),
            () => _bitmap.TryNextRun(0, 1, out _, out _),
            () => _ = _bitmap.Words.Length,
            () => _ = _bitmap.WordsOf(Range).Length,
        ];
        Assert.All(operations, operation => Assert.Throws<ObjectDisposedException>(operation));
    }

    [Fact]
    public void The_last_page_of_the_address_space_is_one_like_any_other()
    {
        using var top = new DirtyBitmap(new(new(0xffff_ffff_ffff_0000), 0x10000), PageSize.Size4K);
        using var coarse = new DirtyBitmap(top.Range, new(0x10000));
        top.Set(new(new(ulong.MaxValue), 1));
        Assert.True(top.IsSet(15));
        Assert.Equal(1UL, coarse.Or(top));
        Assert.Equal(15UL, top.Or(coarse));
        Assert.Equal(16UL, top.Count());
    }

    private void AssertOnlyPage7IsSet()
    {
        Assert.True(_bitmap.IsSet(7));
        Assert.Equal(1UL, _bitmap.Count());
    }
}
