using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Vfio;

/// <summary>Names of devices come from people and become paths: nothing else than a name may.</summary>
public sealed class VfioNamesTests
{
    [Theory]
    [InlineData("0000:01:00.0", "0000:01:00.0", "/sys/bus/pci/devices/0000:01:00.0")]
    [InlineData("01:00.0", "0000:01:00.0", "/sys/bus/pci/devices/0000:01:00.0")]
    [InlineData("10000:E1:1F.7", "10000:e1:1f.7", "/sys/bus/pci/devices/10000:e1:1f.7")]
    [InlineData("12345678-1234-1234-1234-123456789ABC", "12345678-1234-1234-1234-123456789abc", "/sys/bus/mdev/devices/12345678-1234-1234-1234-123456789abc")]
    public void A_name_is_read_as_sysfs_has_it(string text, string expected, string folder)
    {
        Assert.True(VfioSysfs.TryParseName(text, out var name));
        Assert.Equal(expected, name);
        Assert.Equal(folder, VfioSysfs.FolderOf(name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    [InlineData("0000:01:00.8")]
    [InlineData("0000:01:20.0")]
    [InlineData("0000:01:00.0/..")]
    [InlineData("0000:01:00.0\n")]
    [InlineData("eth0")]
    [InlineData("{12345678-1234-1234-1234-123456789abc}")]
    public void What_is_no_name_is_refused(string text)
    {
        Assert.False(VfioSysfs.TryParseName(text, out _));
        Assert.Throws<ArgumentException>(() => VfioSysfs.FolderOf(text));
    }
}
