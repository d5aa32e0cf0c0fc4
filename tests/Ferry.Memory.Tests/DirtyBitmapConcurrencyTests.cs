using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>Setters in several threads beside a drain; alone on the machine's processors, for otherwise they would hardly meet.</summary>
[Collection(nameof(DirtyBitmapConcurrencyTests))]
[CollectionDefinition(nameof(DirtyBitmapConcurrencyTests), DisableParallelization = true)]
public sealed class DirtyBitmapConcurrencyTests
{
    private const ulong Start = 1 << 24;

    // The last word is not whole.
    private const int Pages = 31 * 64 + 13;
    private const int Setters = 2;
    private const int Rounds = 150;

    /// <summary>In each round every page but each fifth is written and set, by one setter each; a page lost to a race stays unseen in it.</summary>
    /// <remarks>The drain's target begins some pages before, so that words are moved in step, shifted, or narrowed.</remarks>
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(64)]
    public void Pages_set_beside_a_drain_are_neither_lost_nor_invented_and_their_data_is_seen(ulong lead)
    {
        using var shared = new DirtyBitmap(new(new(Start), Pages << 12), PageSize.Size4K);
        using var into = new DirtyBitmap(new(new(Start - (lead << 12)), (lead + Pages) << 12), PageSize.Size4K);
        var written = new int[Pages];
        var seen = new int[Pages];
        var running = 0;
        using var gate = new Barrier(Setters + 1);
        var threads = Enumerable.Range(0, Setters).Select(setter => new Thread(() => SetPages(shared, written, setter, gate, ref running)) { IsBackground = true }).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        var broken = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            Volatile.Write(ref running, Setters);
            gate.SignalAndWait();
            bool last;
            do
            {
                // What is set before the setters' end is found by a drain after it.
                last = Volatile.Read(ref running) == 0;
                if (shared.Drain(into) == 0)
                {
                    Thread.Yield();
                }

                foreach (var (first, count) in into.Runs())
                {
                    for (var page = first - lead; page < first - lead + count; page++)
                    {
                        seen[page] = Volatile.Read(ref written[page]);
                    }
                }

                into.Clear();
            }
            while (!last);

            for (var page = 0; page < Pages; page++)
            {
                broken += seen[page] == (page % 5 == 4 || page >= Pages / 5 * 5 ? 0 : round) ? 0 : 1;
            }
        }

        Assert.All(threads, thread => thread.Join());
        Assert.Equal(0, broken);
        Assert.Equal(0UL, shared.Count());
    }

    [Fact]
    public void Setters_of_one_word_lose_nothing_to_each_other()
    {
        using var bitmap = new DirtyBitmap(new(new(0), 64 << 12), PageSize.Size4K);
        using var gate = new Barrier(2);
        void SetEverySecond(ulong first)
        {
            for (var round = 0; round < 2000; round++)
            {
                gate.SignalAndWait();
                for (var page = first; page < 64; page += 2)
                {
                    bitmap.SetPagesAtomic(page, 1);
                }

                gate.SignalAndWait();
            }
        }

        var other = new Thread(() => SetEverySecond(1)) { IsBackground = true };
        other.Start();
        var lost = 0UL;
        for (var round = 0; round < 2000; round++)
        {
            bitmap.Clear();
            gate.SignalAndWait();
            for (var page = 0UL; page < 64; page += 2)
            {
                bitmap.SetPagesAtomic(page, 1);
            }

            gate.SignalAndWait();
            lost += 64 - bitmap.Count();
        }

        other.Join();
        Assert.Equal(0UL, lost);
    }

    /// <summary>Writes this setter's share of the pages, marking each when its data is written: some alone, some as runs that cross words.</summary>
    private static void SetPages(DirtyBitmap bitmap, int[] written, int setter, Barrier gate, ref int running)
    {
        var random = new Random(setter);
        var groups = Enumerable.Range(0, Pages / 5).Where(group => group % Setters == setter).ToArray();
        for (var round = 1; round <= Rounds; round++)
        {
            random.Shuffle(groups);
            gate.SignalAndWait();
            foreach (var group in groups)
            {
                var first = group * 5;
                var length = 1 + ((group + round) % 4);
                for (var page = first; page < first + 4; page++)
                {
                    Volatile.Write(ref written[page], round);
                }

                bitmap.SetPagesAtomic((ulong)first, (ulong)length);
                for (var page = first + length; page < first + 4; page++)
                {
                    bitmap.SetPagesAtomic((ulong)page, 1);
                }
            }

            Interlocked.Decrement(ref running);
        }
    }
}
