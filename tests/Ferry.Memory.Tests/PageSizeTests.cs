using Xunit;

namespace Ferry.Memory.Tests;

public sealed class PageSizeTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(2048)]
    [InlineData(4097)]
    [InlineData(12288)]
    [InlineData(ulong.MaxValue)]
    public void What_is_no_power_of_two_from_4_KiB_is_refused(ulong bytes) => Assert.Throws<ArgumentOutOfRangeException>(() => new PageSize(bytes));

    [Theory]
    [InlineData(4096, "4K")]
    [InlineData(65536, "64K")]
    [InlineData(2 << 20, "2M")]
    [InlineData(1 << 30, "1G")]
    [InlineData(1UL << 63, "8589934592G")]
    public void A_size_is_kept_and_named(ulong bytes, string name)
    {
        Assert.Equal(bytes, new PageSize(bytes).Bytes);
        Assert.Equal(name, new PageSize(bytes).ToString());
    }

    [Fact]
    public void The_default_value_is_4_KiB()
    {
        Assert.Equal(4096UL, default(PageSize).Bytes);
        Assert.True(PageSize.Size4K < PageSize.Size2M && PageSize.Size2M > default(PageSize) && PageSize.Size4K <= default(PageSize) && PageSize.Size4K >= default(PageSize));
        Assert.Equal(PageSize.Size4K, default);
    }
}
