using CsCheck;
using Xunit;

namespace Ferry.Memory.Tests;

public sealed class GuestLayoutTests
{
    private static readonly PageSize[] Sizes = [PageSize.Size4K, PageSize.Size2M, new(1 << 30)];

    [Fact]
    public void Every_byte_has_a_place_that_is_aligned_and_not_in_the_hole() => Gen.Select(Gen.Int[0, 2], Gen.ULong[1, 1 << 20]).Sample((size, pages) =>
    {
        var pageSize = Sizes[size];
        var length = Math.Max(1, pages % ((64UL << 30) / pageSize.Bytes)) * pageSize.Bytes;
        var layout = GuestLayout.Of(length, pageSize);
        var sum = 0UL;
        var end = 0UL;
        foreach (var (start, lengthBytes) in layout)
        {
            Assert.True(start.Value >= end && lengthBytes > 0);
            Assert.Equal(0UL, (start.Value | lengthBytes) % pageSize.Bytes);
            end = start.Value + lengthBytes;
            Assert.True(end <= GuestLayout.HoleStart || start.Value >= GuestLayout.HoleEnd);
            sum += lengthBytes;
        }

        Assert.Equal(length, sum);
        Assert.Equal(0UL, layout[0].Start.Value);
    });

    [Fact]
    public void The_hole_is_left_only_where_memory_would_reach_it()
    {
        Assert.Equal([(new Gpa(0), 3UL << 30)], GuestLayout.Of(3UL << 30, PageSize.Size4K));
        Assert.Equal([(new Gpa(0), 3UL << 30), (new Gpa(4UL << 30), 4096UL)], GuestLayout.Of((3UL << 30) + 4096, PageSize.Size4K));
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4095, 4096)]
    [InlineData(3 << 20, 2 << 20)]
    [InlineData((1UL << 46) + 4096, 4096)]
    [InlineData(ulong.MaxValue, 4096)]
    [InlineData(4UL << 30, 2UL << 30)] // the hole would split a page
    public void What_can_not_be_laid_out_is_refused(ulong lengthBytes, ulong pageBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => GuestLayout.Of(lengthBytes, new(pageBytes)));
}
