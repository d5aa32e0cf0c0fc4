using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

/// <summary>The naive bitmap that the real one must agree with: one bool a page, merged address by address.</summary>
internal sealed class PageModel(ulong start, int shift, bool[] pages)
{
    /// <summary>4 KiB; every page size here is a multiple.</summary>
    private const int SmallestShift = 12;

    public bool[] Pages => pages;

    public IovaRange Range => new(new(start), (ulong)pages.Length << shift);

    public ulong Count => (ulong)pages.Count(set => set);

    public DirtyBitmap ToBitmap()
    {
        var bitmap = new DirtyBitmap(Range, new(1UL << shift));
        for (var i = 0; i < pages.Length; i++)
        {
            if (pages[i])
            {
                bitmap.SetPages((ulong)i, 1);
            }
        }

        return bitmap;
    }

    public ulong[] ToWords(ulong beyond)
    {
        var words = new ulong[(pages.Length + 63) / 64];
        for (var i = 0; i < words.Length * 64; i++)
        {
            var set = i < pages.Length ? pages[i] : (beyond >> (i % 64) & 1) != 0;
            words[i / 64] |= (set ? 1UL : 0) << (i % 64);
        }

        return words;
    }

    /// <summary>Sets each page that a set page of <paramref name="other"/> touches; gives how many were new.</summary>
    public ulong Or(PageModel other, int first, int count)
    {
        ulong added = 0;
        for (var i = first; i < first + count; i++)
        {
            if (!other.Pages[i])
            {
                continue;
            }

            for (var offset = 0UL; offset < 1UL << other.Shift; offset += 1UL << SmallestShift)
            {
                added += SetAt(other.Range.Start.Value + ((ulong)i << other.Shift) + offset);
            }

            // A page that starts within a smallest one ends within another.
            added += SetAt(other.Range.Start.Value + ((ulong)(i + 1) << other.Shift) - 1);
        }

        return added;
    }

    public void AssertEquals(DirtyBitmap bitmap)
    {
        Assert.Equal((ulong)pages.Length, bitmap.PageCount);
        for (var i = 0; i < pages.Length; i++)
        {
            if (pages[i] != bitmap.IsSet((ulong)i))
            {
                Assert.Fail($"Page {i} of {pages.Length} of {1UL << shift} bytes from 0x{start:x} should be {pages[i]}.");
            }
        }

        // Bits behind the last page would be counted and never found.
        Assert.Equal(Count, bitmap.Count());
    }

    /// <summary>Pages as trackers leave them: nothing, a few, runs, every second, or everything.</summary>
    public static bool[] RandomPages(int count, int seed)
    {
        var random = new Random(seed);
        var pages = new bool[count];
        var kind = random.Next(5);
        var change = random.NextDouble() * 0.3;
        var now = false;
        for (var i = 0; i < count; i++)
        {
            now = kind switch
            {
                0 => false,
                1 => random.Next(100) == 0,
                2 => random.NextDouble() < change ? !now : now,
                3 => random.Next(2) == 0,
                _ => true,
            };
            pages[i] = now;
        }

        return pages;
    }

    public static Gen<int> Seeds { get; } = Gen.Int[0, int.MaxValue];

    private int Shift => shift;

    private ulong SetAt(ulong address)
    {
        ref var set = ref pages[(address - start) >> shift];
        var added = set ? 0UL : 1;
        set = true;
        return added;
    }
}
