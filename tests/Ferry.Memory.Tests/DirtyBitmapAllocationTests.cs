using Xunit;

namespace Ferry.Memory.Tests;

public sealed class DirtyBitmapAllocationTests
{
    [Fact]
    public void No_operation_allocates_managed_memory()
    {
        using var small = new DirtyBitmap(new(new(0), 64 << 20), PageSize.Size4K);
        using var other = new DirtyBitmap(small.Range, PageSize.Size4K);
        using var large = new DirtyBitmap(small.Range, PageSize.Size2M);
        var report = new ulong[8];
        report[1] = 0x11;
        UseEverything(small, other, large, report);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            UseEverything(small, other, large, report);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static ulong UseEverything(DirtyBitmap small, DirtyBitmap other, DirtyBitmap large, ulong[] report)
    {
        small.Set(new(new(5000), 100_000));
        small.SetPages(300, 200);
        small.SetPagesAtomic(1000, 70);
        small.ClearPages(310, 3);
        other.SetAll();
        other.ClearPages(1, 10_000);
        var sum = small.Count() + small.Count(3, 400) + small.Or(other) + large.Or(small) + small.Or(large);
        sum += small.Or(report, new(7 << 12), PageSize.Size4K, 500);
        sum += small.Or(report, new(0), new(16384), 500);
        foreach (var (first, count) in small.Runs())
        {
            sum += first ^ count;
        }

        sum += small.Drain(other, 3, 700) + small.Drain(large) + large.Drain(small);
        small.TryNextRun(0, small.PageCount, out var next, out _);
        sum += next + (ulong)small.WordsOf(small.Range).Length + (ulong)small.Words.Length;
        small.Clear();
        large.Clear();
        return sum;
    }
}
