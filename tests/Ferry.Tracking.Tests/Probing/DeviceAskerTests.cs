using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking.Probing;
using Xunit;

namespace Ferry.Tracking.Tests.Probing;

/// <summary>VFIO devices: what they say is told, and none that anybody uses is touched.</summary>
public sealed class DeviceAskerTests : IDisposable
{
    private const int Eperm = 1, Enoent = 2, Eacces = 13, Ebusy = 16, Einval = 22;
    private const string Nic = "0000:01:00.0";
    private const string Uuid = "4b1b6f2e-2a3c-4c58-9d8e-0f3f8f0f8f0f";
    private readonly FakeHost _host = new();

    public DeviceAskerTests()
    {
        _host.AddIntel(0);
        _host.AddPci("0000:00:00.0", "pcieport", 1, pciClass: "0x060400");
    }

    public void Dispose() => _host.Dispose();

    [Fact]
    public void A_device_that_nobody_uses_tells_what_it_can()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.AddMdev(Uuid, "mtty-1", 8, null);
        _host.Calls.Device = new() { LogSizes = [PageSize.Size4K, PageSize.Size2M], IommuObstacle = "the IOMMU of device 1 sets no dirty bits in its page tables" };
        var found = _host.Look();
        Assert.Equal([Nic, Uuid], found.Devices.Select(device => device.Name));
        var nic = found.Devices[0];
        Assert.Equal(("pci", "1234:11e8", 0x020000u, "vfio-pci", 7, "dmar0"), (nic.Bus, nic.Identity, nic.PciClass!.Value, nic.Driver, nic.Group!.Value, nic.Iommu));
        Assert.Equal(("/dev/vfio/devices/vfio3", "file", null), (nic.File, nic.OpenedBy, nic.Problem));
        Assert.Equal(VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy, nic.Migration);
        Assert.Equal(10, nic.LogPageSizes.Count);
        Assert.False(nic.IommuTracks);
        var mdev = found.Devices[1];
        Assert.Equal(("mdev", "mtty-1", 8, "group", null), (mdev.Bus, mdev.Identity, mdev.Group!.Value, mdev.OpenedBy, mdev.IommuTracks));
        Assert.Equal([(7, TrackingPrecision.AllMapped), (8, TrackingPrecision.AllMapped)], found.Groups.Select(group => (group.Number, group.Precision!.Value)));
        Assert.Equal(ProviderStatus.Can, _host.Judge("vfio-device").Status);
        Assert.Equal(ProviderStatus.Can, _host.Judge("type1").Status);
        var iommufd = _host.Judge("iommufd");
        Assert.Equal(ProviderStatus.Cannot, iommufd.Status);
        Assert.Contains(iommufd.Details, line => line == $"{Nic}: the IOMMU of device 1 sets no dirty bits in its page tables");
    }

    [Fact]
    public void A_device_that_somebody_uses_is_reported_so_and_not_opened()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.Calls.Refused["/dev/vfio/7"] = Ebusy;
        var device = Assert.Single(_host.Look().Devices);
        Assert.Equal(ObstacleKind.InUse, device.Problem!.Kind);
        Assert.Empty(_host.Calls.Opened);
        foreach (var provider in new[] { "vfio-device", "type1" })
        {
            Assert.Equal(ProviderStatus.Unknown, _host.Judge(provider).Status);
            Assert.StartsWith("in use: /dev/vfio/7 is in use", _host.Judge(provider).Reason, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Ebusy, ObstacleKind.InUse)]
    [InlineData(Einval, ObstacleKind.InUse)]
    [InlineData(Eperm, ObstacleKind.InUse)]
    [InlineData(5, ObstacleKind.Failed)]
    public void A_device_that_refuses_to_be_bound_is_not_tried_by_its_group_where_somebody_has_it(int errno, ObstacleKind kind)
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.Calls.Refused["/dev/vfio/7"] = Enoent;
        // The group's status and then the binding.
        (_host.Calls.FailAt, _host.Calls.FailWith) = (2, errno);
        var device = Assert.Single(_host.Look().Devices);
        Assert.Equal(kind, device.Problem!.Kind);
        Assert.Contains("ioctl(VFIO_DEVICE_BIND_IOMMUFD)", device.Problem.Reason, StringComparison.Ordinal);
        Assert.Equal(["/dev/vfio/devices/vfio3"], _host.Calls.Opened);
    }

    [Fact]
    public void A_group_with_a_device_of_the_kernels_is_not_viable_and_the_device_is_named()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.AddPci("0000:01:00.1", "snd_hda_intel", 7);
        _host.AddPci("0000:01:00.2", "pci-stub", 7);
        _host.AddPci("0000:01:00.3", null, 7);
        _host.Calls.Refused["/dev/vfio/7"] = FakeCalls.NotViable;
        var found = _host.Look();
        Assert.Equal(["0000:01:00.1 is bound to snd_hda_intel"], Assert.Single(found.Groups).Foreign);
        var problem = found.Devices[0].Problem!;
        Assert.Equal(
            "/dev/vfio/7 is not viable: every device of IOMMU group 7 must be bound to a VFIO driver or to none. 0000:01:00.1 is bound to snd_hda_intel.", problem.Reason);
        Assert.Empty(_host.Calls.Opened);
        Assert.Equal(ProviderStatus.Cannot, _host.Judge("vfio-device").Status);
    }

    [Fact]
    public void A_device_of_another_driver_says_what_to_bind_and_how()
    {
        _host.AddPci(Nic, "e1000e", 7);
        _host.AddPci("0000:02:00.0", null, 8);
        var found = _host.Look();
        Assert.Contains(
            "it is bound to e1000e; to bind it to vfio-pci, or to its vendor's VFIO driver: echo vfio-pci > /sys/bus/pci/devices/0000:01:00.0/driver_override; "
            + "echo 0000:01:00.0 > /sys/bus/pci/devices/0000:01:00.0/driver/unbind; echo 0000:01:00.0 > /sys/bus/pci/drivers_probe",
            found.Devices[0].Problem!.Reason, StringComparison.Ordinal);
        Assert.Contains("no driver has it", found.Devices[1].Problem!.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("unbind", found.Devices[1].Problem!.Reason, StringComparison.Ordinal);
        Assert.Contains("no device is bound to a VFIO driver", _host.Judge("vfio-device").Reason, StringComparison.Ordinal);
        Assert.Empty(_host.Calls.Opened);
    }

    [Fact]
    public void A_group_that_may_not_be_opened_leaves_the_devices_own_file()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.Calls.Refused["/dev/vfio/7"] = Eacces;
        Assert.Equal(("file", null), (_host.Look().Devices[0].OpenedBy, _host.Look().Devices[0].Problem));
        _host.Calls.Refused["/dev/vfio/devices/vfio3"] = Eacces;
        var problem = _host.Look().Devices[0].Problem!;
        Assert.Equal(ObstacleKind.NotPermitted, problem.Kind);
        Assert.StartsWith("not permitted: /dev/vfio/devices/vfio3 may not be opened", problem.ToString(), StringComparison.Ordinal);
        Assert.Equal(ProviderStatus.NotPermitted, _host.Judge("vfio-device").Status);
    }

    [Fact]
    public void Without_iommufd_a_device_is_opened_by_its_group()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.Calls.Refused["/dev/iommu"] = Enoent;
        Assert.Equal(("group", null), (_host.Look().Devices[0].OpenedBy, _host.Look().Devices[0].Problem));
    }

    [Fact]
    public void A_device_without_IOMMU_that_is_forced_on_VFIO_is_told_as_unsafe()
    {
        _host.AddPci(Nic, "vfio-pci", 7);
        _host.Write("/dev/vfio/noiommu-7", "");
        _host.Calls.Refused["/dev/vfio/7"] = Enoent;
        Assert.Contains("stands for no IOMMU at all", _host.Look().Devices[0].Problem!.Reason, StringComparison.Ordinal);
        Assert.Empty(_host.Calls.Opened);
    }

    [Fact]
    public void A_probe_that_is_to_leave_devices_alone_opens_none()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        var found = _host.Look(tries: false);
        Assert.Equal(ObstacleKind.NotTried, Assert.Single(found.Devices).Problem!.Kind);
        Assert.Empty(_host.Calls.Opened);
        Assert.Equal(ProviderStatus.Unknown, _host.Judge("vfio-device", tries: false).Status);
        Assert.Equal(ProviderStatus.Unknown, _host.Judge("type1", tries: false).Status);
    }

    [Fact]
    public void What_sysfs_settles_of_an_IOMMU_needs_no_device_to_be_asked()
    {
        _host.AddPci(Nic, "vfio-pci", 7, "vfio3");
        _host.AddMdev(Uuid, "mtty-1", 8, null);
        _host.Calls.Refused["/dev/vfio/7"] = Ebusy;
        _host.Calls.Refused["/dev/vfio/8"] = Eacces;
        var finding = _host.Judge("iommufd");
        Assert.Equal(ProviderStatus.Cannot, finding.Status);
        Assert.StartsWith("dmar0: the hardware has no scalable mode", finding.Reason, StringComparison.Ordinal);
        Assert.Contains($"{Uuid}: a mediated device has no IOMMU of its own", finding.Details);
        using var other = new FakeHost();
        other.AddIntel(1UL << 43 | 1UL << 45);
        other.AddPci(Nic, "vfio-pci", 7, "vfio3");
        other.Calls.Refused["/dev/vfio/7"] = Ebusy;
        Assert.Equal(ProviderStatus.Unknown, other.Judge("iommufd").Status);
    }

    [Fact]
    public void Mediated_devices_that_can_be_made_are_told_and_hinted_at()
    {
        const string Folder = "/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2";
        _host.Write($"{Folder}/name", "Dual port serial\n");
        _host.Write($"{Folder}/device_api", "vfio-pci\n");
        _host.Write($"{Folder}/available_instances", "12\n");
        Assert.Equal(new MdevTypeFinding("mtty", "mtty-2", "Dual port serial", "vfio-pci", 12), Assert.Single(_host.Look().MdevTypes));
        Assert.Contains("uuidgen > /sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2/create", _host.Judge("vfio-device").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nonsense_in_sysfs_is_bounded_and_shown_without_control_characters()
    {
        _host.AddPci(Nic, "vfio-pci\u001b[31m", null);
        _host.Write($"/sys/bus/pci/devices/{Nic}/vendor", "\u001b]0;title\u0007");
        _host.Write($"/sys/bus/pci/devices/{Nic}/class", new string('f', 1 << 20));
        _host.Write("/sys/class/mdev_bus/x/mdev_supported_types/y/name", new string('\u0001', 1 << 20));
        _host.Link($"/sys/bus/pci/devices/{Nic}/iommu_group", "../../99999999999999999999");
        var found = _host.Look();
        var device = Assert.Single(found.Devices);
        Assert.Equal((null, null, null), (device.Identity, device.PciClass, device.Group));
        Assert.DoesNotContain('\u001b', device.Driver!);
        Assert.Equal(64, Assert.Single(found.MdevTypes).Label!.Length);
        Assert.DoesNotContain('\u0001', found.MdevTypes[0].Label!);
    }
}
