using CsCheck;
using Ferry.Cli.Values;
using Xunit;

namespace Ferry.Cli.Tests.Values;

public sealed class SizeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("4K", 4096)]
    [InlineData("4k", 4096)]
    [InlineData("512M", 512UL << 20)]
    [InlineData("512MiB", 512UL << 20)]
    [InlineData("512mb", 512UL << 20)]
    [InlineData("2G", 2UL << 30)]
    [InlineData("16777215T", 16777215UL << 40)]
    [InlineData("100B", 100)]
    public void A_size_is_read_as_people_write_it(string text, ulong expected)
    {
        Assert.True(SizeText.TryParse(text, out var bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5G")]
    [InlineData("1 G")]
    [InlineData("12X")]
    [InlineData("1iB")]
    [InlineData("1GG")]
    [InlineData("16777216T")]
    [InlineData("18446744073709551616")]
    public void Anything_else_is_refused_and_never_wraps(string text) => Assert.False(SizeText.TryParse(text, out _));

    [Fact]
    public void The_exact_form_is_read_back() => Gen.ULong.Sample(bytes => SizeText.TryParse(SizeText.Exact(bytes), out var back) && back == bytes);

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(999, "999 B")]
    [InlineData(4096, "4 KiB")]
    [InlineData(1.5 * (1 << 30), "1.5 GiB")]
    [InlineData(123.4 * (1 << 20), "123 MiB")]
    public void People_see_three_digits(double bytes, string expected) => Assert.Equal(expected, SizeText.ForPeople(bytes));
}
