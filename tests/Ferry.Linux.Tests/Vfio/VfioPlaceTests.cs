using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Vfio;

/// <summary>Where a device is by sysfs, and what is said where it is not, on folders made for it: few hosts have such devices.</summary>
public sealed class VfioPlaceTests : IDisposable
{
    private const string Pci = "0000:01:00.0";
    private const string Mediated = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
    private readonly DirectoryInfo _sys = Directory.CreateTempSubdirectory("ferry-sys-");

    public void Dispose() => _sys.Delete(recursive: true);

    [Theory]
    [InlineData("0000:01:00.0", true)]
    [InlineData("10000:e1:1f.7", true)]
    [InlineData("01:00.0", false)]
    [InlineData("0000:01:00.8", false)]
    [InlineData("0000:01:20.0", false)]
    [InlineData("0000:01:00.A", false)]
    [InlineData("0000:0A:00.0", false)]
    [InlineData("0000.01.00:0", false)]
    [InlineData("0000.01.00.0", false)]
    [InlineData("000000000:01:00.0", false)]
    [InlineData("../0000:01:00.0", false)]
    [InlineData(Mediated, true)]
    [InlineData("83B8F4F2-509F-382F-3C1E-E6BFE0FA1001", false)]
    [InlineData("{83b8f4f2-509f-382f-3c1e-e6bfe0fa1001}", false)]
    [InlineData("", false)]
    public void An_address_is_as_sysfs_has_it(string text, bool expected) => Assert.Equal(expected, VfioPlace.IsAddress(text));

    [Theory]
    [InlineData(Pci, "there is no PCI device 0000:01:00.0 here: lspci -D")]
    [InlineData(Mediated, "there is no mediated device")]
    [InlineData("nic0", "'nic0' is neither a PCI address")]
    public void A_device_that_is_not_there_says_how_to_find_or_make_one(string address, string expected)
    {
        Assert.False(VfioPlace.TryFind(_sys.FullName, address, out var place, out var reason));
        Assert.Null(place);
        Assert.StartsWith(expected, reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_without_an_IOMMU_says_so_whichever_way_it_is_opened()
    {
        var place = Make(Pci, group: null, driver: null);
        Assert.False(place.TryFindGroup(out _, out var reason));
        Assert.StartsWith($"{Pci} is behind no IOMMU: enable it in the firmware", reason, StringComparison.Ordinal);
        Assert.False(place.TryFindFile(out _, out var same));
        Assert.Equal(reason, same);
    }

    [Theory]
    [InlineData(null, "is bound to no driver, which")]
    [InlineData("e1000e", "is bound to the driver e1000e, which is none of VFIO's: give it to one: echo vfio-pci")]
    public void A_device_that_no_VFIO_driver_has_says_which_has(string? driver, string expected)
    {
        var place = Make(Pci, group: 7, driver);
        Assert.True(place.TryFindGroup(out var group, out _));
        Assert.Equal(7, group);
        Assert.Contains(expected, place.WhyNotVfio(), StringComparison.Ordinal);
        Assert.False(place.TryFindFile(out _, out var reason));
        Assert.Equal(place.WhyNotVfio(), reason);
    }

    [Fact]
    public void A_kernel_that_gives_devices_no_files_says_which_does_and_that_the_group_is_there()
    {
        var place = Make(Pci, group: 7, "vfio-pci");
        Assert.Null(place.WhyNotVfio());
        Assert.False(place.TryFindFile(out _, out var reason));
        Assert.Contains("Linux 6.6 with CONFIG_VFIO_DEVICE_CDEV. It can be opened by its group", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_a_VFIO_driver_has_is_found_by_its_group_and_by_its_file()
    {
        var place = Make(Mediated, group: 12, "mtty", "vfio3");
        Assert.Equal(Mediated, place.Address);
        Assert.Null(place.WhyNotVfio());
        Assert.True(place.TryFindGroup(out var group, out _));
        Assert.True(place.TryFindFile(out var path, out _));
        Assert.Equal((12, "/dev/vfio/devices/vfio3"), (group, path));
    }

    [Fact]
    public void What_keeps_a_group_from_being_viable_is_named_with_its_driver()
    {
        var place = Make(Pci, group: 7, "vfio-pci", "vfio0");
        Make("0000:01:00.1", group: 7, "snd_hda_intel");
        Make("0000:01:00.2", group: 7, null);
        Make("0000:01:00.3", group: 7, "pcieport");
        Make("0000:01:00.4", group: 7, "mlx5_vfio_pci");
        Make("0000:02:00.0", group: 8, "e1000e");
        Assert.Equal(["0000:01:00.1 (driver snd_hda_intel)"], place.FindObstacles(7));
        Assert.Empty(place.FindObstacles(9));
    }

    private VfioPlace Make(string address, int? group, string? driver, string? file = null)
    {
        var device = _sys.CreateSubdirectory(Path.Combine(address == Mediated ? "bus/mdev/devices" : "bus/pci/devices", address));
        if (group is not null)
        {
            var groupFolder = _sys.CreateSubdirectory($"kernel/iommu_groups/{group}");
            Directory.CreateSymbolicLink(Path.Combine(device.FullName, "iommu_group"), groupFolder.FullName);
            Directory.CreateSymbolicLink(Path.Combine(groupFolder.CreateSubdirectory("devices").FullName, address), device.FullName);
        }

        if (driver is not null)
        {
            Directory.CreateSymbolicLink(Path.Combine(device.FullName, "driver"), _sys.CreateSubdirectory($"bus/drivers/{driver}").FullName);
        }

        if (file is not null)
        {
            device.CreateSubdirectory($"vfio-dev/{file}");
        }

        Assert.True(VfioPlace.TryFind(_sys.FullName, address, out var place, out _));
        return place!;
    }
}
