using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>OR and drain between bitmaps of any two page sizes that start anywhere, against one bool a page.</summary>
public sealed class DirtyBitmapMergePropertyTests
{
    /// <summary>A multiple of every page size here.</summary>
    private const ulong Base = 1UL << 32;

    /// <summary>More than a bitmap of the smallest pages has to have to use every loop.</summary>
    private const int MostSmallPages = 9000;

    // Ratios of 1, 2, 4, 16, 32, 64, 128 and 512, up and down.
    private static readonly Gen<int> Shifts = Gen.Int[0, 8].Select(i => ((int[])[12, 12, 13, 14, 16, 17, 18, 19, 21])[i]);

    /// <summary>A source at a multiple of its page size, within a target that begins and ends a few pages around it.</summary>
    private static readonly Gen<(PageModel Target, PageModel Source)> Pairs =
        from targetShift in Shifts
        from sourceShift in Gen.OneOf(Shifts, Gen.Const(targetShift))
        from sourcePages in Gen.OneOf(Gen.Int[1, 70], Gen.Int[1, MostSmallPages]).Select(pages => Math.Clamp(pages, 1, MostSmallPages * 8 >> (sourceShift - 12)))
        from at in Gen.OneOf(Gen.Int[0, 600], Gen.Int[0, 40].Select(i => i * 32))
        from lead in Gen.OneOf(Gen.Int[0, 130], Gen.Int[0, 2].Select(i => i * 64))
        from trail in Gen.Int[0, 70]
        from seed in PageModel.Seeds
        select Pair(targetShift, sourceShift, sourcePages, at, lead, trail, seed);

    public DirtyBitmapMergePropertyTests() => VectorWidth.AssertAsAskedFor();

    [Fact]
    public void Or_of_another_bitmap_widens_narrows_and_counts_what_it_added() => Pairs.Sample(
        pair =>
        {
            using var target = pair.Target.ToBitmap();
            using var source = pair.Source.ToBitmap();
            Assert.Equal(pair.Target.Or(pair.Source, 0, pair.Source.Pages.Length), target.Or(source));
            pair.Target.AssertEquals(target);
            pair.Source.AssertEquals(source);
            Assert.Equal(0UL, target.Or(source));
        },
        iter: 2000, print: Print);

    [Fact]
    public void Or_of_a_raw_report_ignores_what_lies_beyond_its_pages() => Gen.Select(Pairs, Gen.ULong).Sample(
        (pair, beyond) =>
        {
            using var target = pair.Target.ToBitmap();
            var pageSize = new PageSize(pair.Source.Range.LengthBytes / (ulong)pair.Source.Pages.Length);
            Assert.Equal(
                pair.Target.Or(pair.Source, 0, pair.Source.Pages.Length),
                target.Or(pair.Source.ToWords(beyond), pair.Source.Range.Start, pageSize, (ulong)pair.Source.Pages.Length));
            pair.Target.AssertEquals(target);
        },
        iter: 2000, print: sample => Print(sample.Item1));

    [Fact]
    public void A_raw_report_may_start_within_a_page() => Gen.Select(Shifts, Shifts, Gen.Int[1, 300], Gen.Int[1, 8191], PageModel.Seeds).Sample(
        (targetShift, sourceShift, pages, offset, seed) =>
        {
            pages = Math.Clamp(pages, 1, MostSmallPages >> (sourceShift - 12));
            var model = new PageModel(Base, targetShift, new bool[(((ulong)pages << sourceShift) + 8192 >> targetShift) + 2]);
            var report = new PageModel(Base + (ulong)offset, sourceShift, PageModel.RandomPages(pages, seed));
            using var target = model.ToBitmap();
            Assert.Equal(model.Or(report, 0, pages), target.Or(report.ToWords(0), report.Range.Start, new(1UL << sourceShift), (ulong)pages));
            model.AssertEquals(target);
        },
        iter: 1000);

    [Fact]
    public void Drain_moves_exactly_the_asked_pages() => Gen.Select(Pairs, Gen.Int[0, MostSmallPages], Gen.Int[0, MostSmallPages]).Sample(
        (pair, first, count) =>
        {
            first = Math.Min(first, pair.Source.Pages.Length);
            count = Math.Min(count, pair.Source.Pages.Length - first);
            using var target = pair.Target.ToBitmap();
            using var source = pair.Source.ToBitmap();
            Assert.Equal(pair.Target.Or(pair.Source, first, count), source.Drain(target, (ulong)first, (ulong)count));
            Array.Fill(pair.Source.Pages, false, first, count);
            pair.Target.AssertEquals(target);
            pair.Source.AssertEquals(source);
        },
        iter: 2000, print: sample => Print(sample.Item1));

    [Fact]
    public void A_part_of_a_bitmap_drains_into_one_of_that_part_alone() => Gen.Select(Gen.Int[1, 900], Gen.Int[0, 900], Gen.Int[1, 900], PageModel.Seeds).Sample(
        (pages, first, count, seed) =>
        {
            first = Math.Min(first, pages - 1);
            count = Math.Min(count, pages - first);
            var source = new PageModel(Base, 12, PageModel.RandomPages(pages, seed));
            var target = new PageModel(Base + ((ulong)first << 12), 12, PageModel.RandomPages(count, seed / 2));
            using var from = source.ToBitmap();
            using var into = target.ToBitmap();
            Assert.Equal(target.Or(source, first, count), from.Drain(into, (ulong)first, (ulong)count));
            Array.Fill(source.Pages, false, first, count);
            target.AssertEquals(into);
            source.AssertEquals(from);
        });

    private static (PageModel Target, PageModel Source) Pair(int targetShift, int sourceShift, int sourcePages, int at, int lead, int trail, int seed)
    {
        var sourceStart = Base + ((ulong)at << sourceShift);
        var sourceEnd = sourceStart + ((ulong)sourcePages << sourceShift);
        var start = (sourceStart >> targetShift) - (ulong)lead;
        var end = ((sourceEnd - 1) >> targetShift) + 1 + (ulong)trail;
        return (
            new(start << targetShift, targetShift, PageModel.RandomPages((int)(end - start), seed / 3)),
            new(sourceStart, sourceShift, PageModel.RandomPages(sourcePages, seed)));
    }

    private static string Print((PageModel Target, PageModel Source) pair) =>
        $"target {pair.Target.Range} of {pair.Target.Pages.Length} pages, {pair.Target.Count} set; source {pair.Source.Range} of {pair.Source.Pages.Length} pages, {pair.Source.Count} set";
}
