using Ferry.Tracking.Probing;
using Xunit;

namespace Ferry.Tracking.Tests.Probing;

public sealed class SystemTextTests
{
    [Theory]
    [InlineData("6.12.117-lab", "6.12")]
    [InlineData("6.18", "6.18")]
    [InlineData("5.4-rc1", "5.4")]
    [InlineData("6", null)]
    [InlineData("six.1", null)]
    [InlineData("99999999999.1", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_release_gives_its_first_two_numbers_or_none(string? release, string? version) =>
        Assert.Equal(version, SystemText.ParseRelease(release)?.ToString());

    [Theory]
    [InlineData("24683652 kB", 24683652UL << 10)]
    [InlineData("24683652", null)]
    [InlineData("-1 kB", null)]
    [InlineData("18446744073709551615 kB", null)]
    [InlineData(null, null)]
    public void Kilobytes_that_overflow_or_are_none_are_not_taken(string? text, ulong? bytes) => Assert.Equal(bytes, SystemText.ParseKilobytes(text));

    [Theory]
    [InlineData("0x1234", 0x1234UL)]
    [InlineData("f0d1:10", 0xf0d1UL)]
    [InlineData("ffffffffffffffff", ulong.MaxValue)]
    [InlineData("1ffffffffffffffff", null)]
    [InlineData("zz", null)]
    [InlineData("", null)]
    public void Hexadecimal_digits_are_taken_up_to_what_is_none(string text, ulong? value) => Assert.Equal(value, SystemText.ParseHex(text));

    [Theory]
    [InlineData("hugepages-2048kB", 2UL << 20)]
    [InlineData("hugepages-1048576kB", 1UL << 30)]
    [InlineData("hugepages-3kB", null)]
    [InlineData("hugepages-1kB", null)]
    [InlineData("hugepages-kB", null)]
    [InlineData("hugepages-99999999999999999999kB", null)]
    [InlineData("2048kB", null)]
    public void A_folder_of_huge_pages_gives_a_page_size_or_none(string name, ulong? bytes) => Assert.Equal(bytes, SystemText.ParseHugePageFolder(name));

    [Fact]
    public void A_field_is_found_by_its_whole_name()
    {
        const string Text = "vmx flags: a\nflags : b c\nflags: d\n";
        Assert.Equal("b c", SystemText.FieldOf(Text, "flags"));
        Assert.Null(SystemText.FieldOf(Text, "flag"));
        Assert.Null(SystemText.FieldOf(null, "flags"));
    }

    [Theory]
    [InlineData("always [madvise] never", "madvise")]
    [InlineData("always", null)]
    [InlineData("]x[", null)]
    public void The_choice_in_brackets_holds(string text, string? chosen) => Assert.Equal(chosen, SystemText.ParseChosen(text));
}
