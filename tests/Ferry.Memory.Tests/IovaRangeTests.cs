using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

public sealed class IovaRangeTests
{
    [Fact]
    public void Containing_and_overlapping_agree_with_their_addresses() => Gen.Select(Gen.ULong[0, 20], Gen.ULong[1, 20], Gen.ULong[0, 20], Gen.ULong[1, 20]).Sample((a, aLength, b, bLength) =>
    {
        // At the very end of the address space, where sums wrap.
        foreach (var origin in (ulong[])[0, ulong.MaxValue - 39])
        {
            var left = new IovaRange(new(origin + a), Math.Min(aLength, 40 - a));
            var right = new IovaRange(new(origin + b), Math.Min(bLength, 40 - b));
            var leftSet = Enumerable.Range((int)a, (int)left.LengthBytes).ToHashSet();
            var rightSet = Enumerable.Range((int)b, (int)right.LengthBytes).ToHashSet();
            Assert.Equal(leftSet.Overlaps(rightSet), left.Overlaps(right));
            Assert.Equal(leftSet.IsSupersetOf(rightSet), left.Contains(right));
        }
    });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(ulong.MaxValue, 2)]
    [InlineData(1, ulong.MaxValue)]
    public void Empty_and_wrapping_ranges_are_none(ulong start, ulong length)
    {
        if (start != 1)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => new IovaRange(new(start), length));
            return;
        }

        // Ends at the last address there is.
        Assert.Equal(ulong.MaxValue, new IovaRange(new(start), length).Last.Value);
    }

    [Fact]
    public void The_default_value_holds_nothing_lies_in_nothing_and_overlaps_nothing()
    {
        var some = new IovaRange(new(0), ulong.MaxValue);
        Assert.False(some.Contains(default) || default(IovaRange).Contains(some) || some.Overlaps(default) || default(IovaRange).Overlaps(some));
    }

    [Fact]
    public void Alignment_is_of_both_ends()
    {
        Assert.True(new IovaRange(new(2 << 20), 4 << 20).IsAligned(PageSize.Size2M));
        Assert.False(new IovaRange(new(4096), 2 << 20).IsAligned(PageSize.Size2M));
        Assert.False(new IovaRange(new(0), (2 << 20) + 4096).IsAligned(PageSize.Size2M));
    }
}
