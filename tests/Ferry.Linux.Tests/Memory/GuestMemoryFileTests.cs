using Ferry.Linux.Memory;
using Ferry.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Memory;

public sealed class GuestMemoryFileTests
{
    private static readonly (Gpa, ulong)[] TwoRegions = [(new(0), 8 << 20), (new(GuestLayout.HoleEnd), 4 << 20)];

    [Fact]
    public void Untouched_memory_is_a_hole_and_stays_one()
    {
        using var file = GuestMemoryFile.Create(TwoRegions);
        Assert.Empty(file.FindPopulated());
        file.Memory.GetSpan(new(0x3000), 1)[0] = 1;
        file.Memory.GetSpan(new(GuestLayout.HoleEnd + 0x5000), 0x2000).Fill(2);
        Assert.Equal(
            [new(new(0x3000), 0x1000), new(new(GuestLayout.HoleEnd + 0x5000), 0x2000)],
            file.FindPopulated());
    }

    /// <summary>However scattered the guest leaves it, which a list on the heap would have to follow.</summary>
    [Fact]
    public void Finding_scattered_memory_allocates_nothing()
    {
        using var file = GuestMemoryFile.Create(TwoRegions);
        for (ulong at = 0; at < 8 << 20; at += 0x2000)
        {
            file.Memory.GetSpan(new(at), 1)[0] = 1;
        }

        Assert.Equal((1024, 1024UL << 12), Walk(file));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = Walk(file);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((1024, 1024UL << 12), found);
    }

    [Fact]
    public void Populating_touches_everything_and_changes_nothing()
    {
        using var file = GuestMemoryFile.Create(TwoRegions);
        file.Memory.GetSpan(new(0x4000), 4)[3] = 9;
        ulong last = 0;
        file.PopulateAll(2, done => InterlockedMax(ref last, done), TestContext.Current.CancellationToken);
        Assert.Equal(file.Memory.TotalBytes, last);
        Assert.Equal(file.Memory.Regions.Select(region => region.Range), file.FindPopulated());
        Assert.Equal(9, file.Memory.GetSpan(new(0x4003), 1)[0]);
    }

    [Fact]
    public void A_range_across_the_hole_is_refused()
    {
        using var file = GuestMemoryFile.Create(TwoRegions);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Populate(new(new(0), 16 << 20)));
        Assert.False(file.Memory.TryGetSpan(new((8 << 20) - 1), 2, out _));
        Assert.False(file.Memory.TryGetSpan(new(ulong.MaxValue), 2, out _));
    }

    [Fact]
    public void Memory_that_was_shared_can_not_be_taken_back()
    {
        using var file = MemoryFile.Create("test", 1 << 20);
        var stream = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(file.Handle.DangerousGetHandle(), ownsHandle: false), FileAccess.ReadWrite);
        Assert.ThrowsAny<Exception>(() => stream.SetLength(4096));
    }

    private static (int Ranges, ulong Bytes) Walk(GuestMemoryFile file)
    {
        (int Ranges, ulong Bytes) sum = default;
        foreach (var range in file.FindPopulated())
        {
            sum = (sum.Ranges + 1, sum.Bytes + range.LengthBytes);
        }

        return sum;
    }

    private static void InterlockedMax(ref ulong target, ulong value)
    {
        ulong seen;
        while ((seen = Volatile.Read(ref target)) < value && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
        }
    }
}
