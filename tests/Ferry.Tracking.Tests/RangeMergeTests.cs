using CsCheck;
using Ferry.Memory;
using Ferry.Tracking.Proof;
using Xunit;

namespace Ferry.Tracking.Tests;

public sealed class RangeMergeTests
{
    private static readonly Gen<IovaRange[]> Ranges =
        Gen.Select(Gen.Int[0, 40], Gen.Int[1, 4]).Select((at, pages) => new IovaRange(new((ulong)at << 12), (ulong)pages << 12)).Array[0, 7];

    [Fact]
    public void Nothing_is_lost_and_no_other_choice_adds_less() => Gen.Select(Ranges, Gen.Int[1, 5]).Sample((ranges, max) =>
    {
        var merged = RangeMerge.Merge(ranges, max, out var extraBytes);
        Assert.True(merged.Count <= max);
        Assert.All(ranges, range => Assert.Contains(merged, whole => whole.Contains(range)));
        for (var i = 1; i < merged.Count; i++)
        {
            Assert.True(merged[i].Start > merged[i - 1].Last);
        }

        Assert.Equal(Bytes(merged) - Bytes(RangeMerge.Merge(ranges, int.MaxValue, out var none)), extraBytes);
        Assert.Equal(0UL, none);
        Assert.Equal(Bytes(LeastOf(ranges, max)), Bytes(merged));
    });

    [Fact]
    public void Ranges_up_to_the_last_address_do_not_wrap()
    {
        var end = new IovaRange(new(ulong.MaxValue - 0xfff), 0x1000);
        Assert.Equal([new(new(0x1000), 0xffff_ffff_ffff_f000)], RangeMerge.Merge([end, new(new(0x1000), 0x1000)], 1, out var extraBytes));
        Assert.Equal(0xffff_ffff_ffff_f000 - 0x2000, extraBytes);
        Assert.Equal([end], RangeMerge.Merge([end, end], 1, out _));
    }

    /// <summary>By trying every set of gaps to close.</summary>
    internal static IReadOnlyList<IovaRange> LeastOf(IEnumerable<IovaRange> ranges, int maxRanges)
    {
        var joined = new List<IovaRange>();
        foreach (var range in ranges.OrderBy(range => range.Start.Value))
        {
            Append(joined, range, isClosed: joined.Count > 0 && range.Start.Value <= joined[^1].Last.Value + 1);
        }

        var best = joined;
        var bestBytes = joined.Count <= maxRanges ? Bytes(joined) : ulong.MaxValue;
        for (var closed = 0; closed < 1 << Math.Max(0, joined.Count - 1); closed++)
        {
            var tried = new List<IovaRange>();
            for (var i = 0; i < joined.Count; i++)
            {
                Append(tried, joined[i], i > 0 && ((closed >> (i - 1)) & 1) != 0);
            }

            if (tried.Count <= maxRanges && Bytes(tried) < bestBytes)
            {
                (best, bestBytes) = (tried, Bytes(tried));
            }
        }

        return best;
    }

    private static void Append(List<IovaRange> ranges, IovaRange next, bool isClosed)
    {
        if (isClosed)
        {
            var last = Math.Max(ranges[^1].Last.Value, next.Last.Value);
            ranges[^1] = new(ranges[^1].Start, last - ranges[^1].Start.Value + 1);
        }
        else
        {
            ranges.Add(next);
        }
    }

    private static ulong Bytes(IReadOnlyList<IovaRange> ranges) => ranges.Aggregate(0UL, (sum, range) => sum + range.LengthBytes);
}
