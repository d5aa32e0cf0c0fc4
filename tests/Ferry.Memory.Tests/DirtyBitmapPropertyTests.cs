using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>Setting, clearing, counting and finding runs, against one bool a page.</summary>
public sealed class DirtyBitmapPropertyTests
{
    private const ulong Base = 0x7000_0000;

    private static readonly Gen<(int Pages, (int First, int Count)[] Runs)> Cases =
        from pages in Gen.OneOf(Gen.Int[1, 130], Gen.Int[1, 3000])
        from runs in Gen.Select(Gen.Int[0, pages - 1], Gen.Int[0, pages]).Select((first, count) => (first, Math.Min(count, pages - first))).Array[0, 12]
        select (pages, runs);

    public DirtyBitmapPropertyTests() => VectorWidth.AssertAsAskedFor();

    [Fact]
    public void Setting_clearing_and_counting_agree_with_the_model() => Gen.Select(Cases, Cases, Gen.Bool).Sample((sets, clears, atomic) =>
    {
        var model = new PageModel(Base, 12, new bool[sets.Pages]);
        using var bitmap = model.ToBitmap();
        foreach (var (first, count) in sets.Runs)
        {
            if (atomic)
            {
                bitmap.SetPagesAtomic((ulong)first, (ulong)count);
            }
            else
            {
                bitmap.SetPages((ulong)first, (ulong)count);
            }

            Array.Fill(model.Pages, true, first, count);
        }

        foreach (var (first, count) in clears.Runs.Where(run => run.First + run.Count <= sets.Pages))
        {
            bitmap.ClearPages((ulong)first, (ulong)count);
            Array.Fill(model.Pages, false, first, count);
        }

        model.AssertEquals(bitmap);
        foreach (var (first, count) in sets.Runs)
        {
            Assert.Equal((ulong)model.Pages.Skip(first).Take(count).Count(set => set), bitmap.Count((ulong)first, (ulong)count));
        }
    });

    [Fact]
    public void Everything_can_be_set_and_cleared_and_nothing_lies_beyond() => Gen.Int[1, 700].Sample(pages =>
    {
        var model = new PageModel(Base, 12, new bool[pages]);
        using var bitmap = model.ToBitmap();
        bitmap.SetAll();
        Array.Fill(model.Pages, true);
        model.AssertEquals(bitmap);
        bitmap.Clear();
        Assert.All(bitmap.Words.ToArray(), word => Assert.Equal(0UL, word));
    }, iter: 100);

    [Fact]
    public void Runs_are_the_models_runs() => Gen.Select(Gen.Int[1, 3000], PageModel.Seeds, Gen.Int[0, 3000], Gen.Int[0, 3000]).Sample((pages, seed, a, b) =>
    {
        var model = new PageModel(Base, 12, PageModel.RandomPages(pages, seed));
        using var bitmap = model.ToBitmap();
        var from = Math.Min(Math.Min(a, b), pages);
        var end = Math.Min(Math.Max(a, b), pages);
        var expected = new List<(ulong, ulong)>();
        for (var i = from; i < end; i++)
        {
            var start = i;
            while (i < end && model.Pages[i])
            {
                i++;
            }

            if (i > start)
            {
                expected.Add(((ulong)start, (ulong)(i - start)));
            }
        }

        var found = new List<(ulong, ulong)>();
        foreach (var run in bitmap.Runs((ulong)from, (ulong)(end - from)))
        {
            found.Add(run);
        }

        Assert.Equal(expected, found);
    });

    [Fact]
    public void A_set_range_sets_every_page_it_touches() => Gen.Select(Gen.Int[0, 60_000], Gen.Int[1, 60_000]).Sample((start, length) =>
    {
        var model = new PageModel(Base, 12, [.. Enumerable.Range(0, 32).Select(page => page >= start / 4096 && page <= (start + length - 1) / 4096)]);
        using var bitmap = new DirtyBitmap(model.Range, PageSize.Size4K);
        bitmap.Set(new(new(Base + (ulong)start), (ulong)length));
        model.AssertEquals(bitmap);
        Assert.Equal((ulong)(start / 4096), bitmap.PageOf(new(Base + (ulong)start)));
    });

    [Fact]
    public void The_words_of_an_aligned_range_are_the_bitmaps_own() => Gen.Select(Gen.Int[1, 700], PageModel.Seeds, Gen.Int[0, 10], Gen.Int[1, 700]).Sample((pages, seed, firstWord, count) =>
    {
        var model = new PageModel(Base, 12, PageModel.RandomPages(pages, seed));
        using var bitmap = model.ToBitmap();
        var first = Math.Min(firstWord * 64, (pages - 1) / 64 * 64);
        count = Math.Min(count, pages - first);
        var range = new IovaRange(new(Base + ((ulong)first << 12)), (ulong)count << 12);
        Assert.Equal(count % 64 == 0 || first + count == pages, bitmap.IsWordAligned(range));
        if (!bitmap.IsWordAligned(range))
        {
            Assert.Throws<ArgumentException>(() => bitmap.WordsOf(range).Length);
            return;
        }

        var words = bitmap.WordsOf(range);
        Assert.Equal((count + 63) / 64, words.Length);
        words[0] |= 1;
        model.Pages[first] = true;
        model.AssertEquals(bitmap);
    });
}
