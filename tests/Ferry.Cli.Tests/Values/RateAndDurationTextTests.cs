using CsCheck;
using Ferry.Cli.Values;
using Xunit;

namespace Ferry.Cli.Tests.Values;

public sealed class RateAndDurationTextTests
{
    [Theory]
    [InlineData("16M", 16UL << 20)]
    [InlineData("16M/s", 16UL << 20)]
    [InlineData("0", 0)]
    [InlineData("max", RateText.Unlimited)]
    public void A_rate_is_a_size_a_second(string text, ulong expected)
    {
        Assert.True(RateText.TryParse(text, out var rate));
        Assert.Equal(expected, rate);
        Assert.True(RateText.TryParse(RateText.Exact(rate), out var back));
        Assert.Equal(rate, back);
    }

    [Theory]
    [InlineData("16M/m")]
    [InlineData("/s")]
    [InlineData("16Mbit")]
    public void A_rate_of_another_kind_is_refused(string text) => Assert.False(RateText.TryParse(text, out _));

    [Theory]
    [InlineData("300ms", 300_000)]
    [InlineData("1.5s", 1_500_000)]
    [InlineData("2m", 120_000_000)]
    [InlineData("250us", 250)]
    [InlineData("1H", 3_600_000_000)]
    public void A_duration_has_a_number_and_a_unit(string text, long expectedMicroseconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(expectedMicroseconds, (long)duration.TotalMicroseconds);
    }

    [Theory]
    [InlineData("300")]
    [InlineData("ms")]
    [InlineData("-1s")]
    [InlineData("1e9s")]
    [InlineData("999999999999h")]
    [InlineData("1 s")]
    [InlineData("")]
    public void A_duration_without_a_unit_or_beyond_reason_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void The_exact_form_of_a_duration_is_read_back() => Gen.Long[0, 36_000_000_000].Sample(microseconds =>
        DurationText.TryParse(DurationText.Exact(TimeSpan.FromMicroseconds(microseconds)), out var back) && (long)back.TotalMicroseconds == microseconds);

    [Theory]
    [InlineData("dirty-rat", "dirty-rate")]
    [InlineData("workingset", "working-set")]
    [InlineData("Seed", "seed")]
    [InlineData("zzzzzz", null)]
    [InlineData("", null)]
    public void The_nearest_name_is_found_only_where_it_is_near(string name, string? expected) =>
        Assert.Equal(expected, NearestName.Find(name, ["working-set", "dirty-rate", "check-stride", "seed"]));
}
