using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>Every operation against a naive model of one bool a page.</summary>
public sealed class DirtyBitmapPropertyTests
{
    private const ulong Base = 0x7000_0000;

    private static readonly Gen<(int Pages, (int First, int Count)[] Runs)> Cases =
        from pages in Gen.OneOf(Gen.Int[1, 130], Gen.Int[1, 3000])
        from runs in Gen.Select(Gen.Int[0, pages - 1], Gen.Int[0, pages]).Select((first, count) => (first, Math.Min(count, pages - first))).Array[0, 12]
        select (pages, runs);

    [Fact]
    public void Setting_clearing_and_counting_agree_with_the_model() => Gen.Select(Cases, Cases, Gen.Bool).Sample((sets, clears, atomic) =>
    {
        using var bitmap = Create(sets.Pages);
        var model = new bool[sets.Pages];
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

            Array.Fill(model, true, first, count);
        }

        foreach (var (first, count) in clears.Runs.Where(run => run.First + run.Count <= sets.Pages))
        {
            bitmap.ClearPages((ulong)first, (ulong)count);
            Array.Fill(model, false, first, count);
        }

        AssertEqual(model, bitmap);
        foreach (var (first, count) in sets.Runs)
        {
            Assert.Equal((ulong)model.Skip(first).Take(count).Count(set => set), bitmap.Count((ulong)first, (ulong)count));
        }
    });

    [Fact]
    public void Runs_are_the_models_runs() => Gen.Select(Cases, Gen.Int[0, 3000], Gen.Int[0, 3000]).Sample((sets, a, b) =>
    {
        using var bitmap = Create(sets.Pages);
        var model = Apply(bitmap, sets.Runs, sets.Pages);
        var from = Math.Min(Math.Min(a, b), sets.Pages);
        var end = Math.Min(Math.Max(a, b), sets.Pages);
        var expected = new List<(ulong, ulong)>();
        for (var i = from; i < end; i++)
        {
            if (model[i])
            {
                var start = i;
                while (i < end && model[i])
                {
                    i++;
                }

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
    public void Or_of_another_bitmap_widens_narrows_and_counts_what_it_added() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[1, 40], Gen.Int[0, 20], Gen.Int[1, 20], Gen.Int[0, 1000]).Sample((targetShift, sourceShift, blocks, at, length, seed) =>
        {
            // One block is 8 small pages, the largest page size here.
            at = Math.Min(at, blocks - 1);
            length = Math.Min(length, blocks - at);
            using var target = new DirtyBitmap(new(new(Base), (ulong)blocks << 15), new(4096UL << targetShift));
            using var source = new DirtyBitmap(new(new(Base + ((ulong)at << 15)), (ulong)length << 15), new(4096UL << sourceShift));
            var random = new Random(seed);
            var targetModel = Randomize(target, random);
            var sourceModel = Randomize(source, random);
            var added = Merge(targetModel, targetShift, sourceModel, sourceShift, at * 8);
            Assert.Equal((ulong)added, target.Or(source));
            AssertEqual(targetModel, target);
            AssertEqual(sourceModel, source);
        });

    [Fact]
    public void Or_of_a_raw_report_takes_any_bit_offset_and_ignores_bits_beyond_its_pages() =>
        Gen.Select(Gen.Int[1, 700], Gen.Int[0, 700], Gen.Int[1, 700], Gen.Int[0, 100000]).Sample((pages, at, count, seed) =>
        {
            at = Math.Min(at, pages - 1);
            count = Math.Min(count, pages - at);
            using var target = Create(pages);
            var random = new Random(seed);
            var model = Randomize(target, random);
            var words = new ulong[(count + 63) / 64];
            random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.AsSpan()));
            var added = 0UL;
            for (var i = 0; i < count; i++)
            {
                if ((words[i / 64] >> (i % 64) & 1) != 0 && !model[at + i])
                {
                    model[at + i] = true;
                    added++;
                }
            }

            Assert.Equal(added, target.Or(words, new(Base + ((ulong)at << 12)), PageSize.Size4K, (ulong)count));
            AssertEqual(model, target);
        });

    [Fact]
    public void Drain_moves_exactly_the_asked_pages() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 2], Gen.Int[1, 60], Gen.Int[0, 500], Gen.Int[0, 500], Gen.Int[0, 100000]).Sample((sourceShift, targetShift, blocks, a, b, seed) =>
        {
            using var source = new DirtyBitmap(new(new(Base), (ulong)blocks << 14), new(4096UL << sourceShift));
            using var target = new DirtyBitmap(new(new(Base), (ulong)blocks << 14), new(4096UL << targetShift));
            var random = new Random(seed);
            var sourceModel = Randomize(source, random);
            var targetModel = Randomize(target, random);
            var first = Math.Min(a, sourceModel.Length);
            var count = Math.Min(b, sourceModel.Length - first);
            var taken = sourceModel.Select((set, i) => set && i >= first && i < first + count).ToArray();
            var added = Merge(targetModel, targetShift, taken, sourceShift, 0);
            Assert.Equal((ulong)added, source.Drain(target, (ulong)first, (ulong)count));
            AssertEqual(targetModel, target);
            AssertEqual([.. sourceModel.Zip(taken, (set, moved) => set && !moved)], source);
        });

    [Fact]
    public void A_set_range_sets_every_page_it_touches() => Gen.Select(Gen.Int[0, 60_000], Gen.Int[1, 60_000]).Sample((start, length) =>
    {
        using var bitmap = Create(32);
        bitmap.Set(new(new(Base + (ulong)start), (ulong)length));
        var model = Enumerable.Range(0, 32).Select(page => page >= start / 4096 && page <= (start + length - 1) / 4096).ToArray();
        AssertEqual(model, bitmap);
    });

    private static DirtyBitmap Create(int pages) => new(new(new(Base), (ulong)pages << 12), PageSize.Size4K);

    private static bool[] Apply(DirtyBitmap bitmap, (int First, int Count)[] runs, int pages)
    {
        var model = new bool[pages];
        foreach (var (first, count) in runs)
        {
            bitmap.SetPages((ulong)first, (ulong)count);
            Array.Fill(model, true, first, count);
        }

        return model;
    }

    private static bool[] Randomize(DirtyBitmap bitmap, Random random)
    {
        var model = new bool[bitmap.PageCount];
        var density = random.NextDouble() * random.NextDouble();
        for (var i = 0; i < model.Length; i++)
        {
            if (random.NextDouble() < density)
            {
                model[i] = true;
                bitmap.SetPages((ulong)i, 1);
            }
        }

        return model;
    }

    /// <summary>ORs page by page; offsets are in small pages.</summary>
    private static int Merge(bool[] target, int targetShift, bool[] source, int sourceShift, int offset)
    {
        var added = 0;
        for (var i = 0; i < source.Length; i++)
        {
            for (var small = i << sourceShift; source[i] && small < (i + 1) << sourceShift; small++)
            {
                ref var set = ref target[(offset + small) >> targetShift];
                added += set ? 0 : 1;
                set = true;
            }
        }

        return added;
    }

    private static void AssertEqual(bool[] model, DirtyBitmap bitmap)
    {
        Assert.Equal((ulong)model.Length, bitmap.PageCount);
        for (var i = 0; i < model.Length; i++)
        {
            Assert.True(model[i] == bitmap.IsSet((ulong)i), $"page {i} of {model.Length} should be {model[i]}");
        }

        Assert.Equal((ulong)model.Count(set => set), bitmap.Count());
    }
}
