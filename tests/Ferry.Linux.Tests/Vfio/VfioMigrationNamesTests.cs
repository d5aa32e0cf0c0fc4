using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Vfio;

public sealed class VfioMigrationNamesTests
{
    [Theory]
    [InlineData(0UL, "none")]
    [InlineData(1UL, "STOP_COPY")]
    [InlineData(7UL, "STOP_COPY, P2P, PRE_COPY")]
    [InlineData(0x41UL, "STOP_COPY, 0x40")]
    [InlineData(0x8000000000000000UL, "0x8000000000000000")]
    public void What_a_device_can_do_is_named_and_what_has_no_name_is_shown(ulong flags, string expected) =>
        Assert.Equal(expected, VfioMigrationNames.Of((VfioMigrationFlags)flags));

    [Fact]
    public void A_state_that_is_none_is_shown_as_its_number()
    {
        Assert.Equal("PRE_COPY_P2P", VfioMigrationNames.Of(VfioDeviceState.PreCopyP2P));
        Assert.Equal("17", VfioMigrationNames.Of((VfioDeviceState)17));
    }
}
