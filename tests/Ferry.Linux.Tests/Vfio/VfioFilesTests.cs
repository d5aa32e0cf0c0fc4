using Ferry.Linux.Files;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Vfio;

/// <summary>What is said where an interface can't be opened. Hosts without IOMMU have none of the files.</summary>
public sealed class VfioFilesTests
{
    [Fact]
    public void A_file_that_is_not_there_says_what_would_make_it()
    {
        Assert.False(DeviceFile.TryOpen("/dev/ferry/none", "load the module none", out var handle, out var reason));
        Assert.Null(handle);
        Assert.Equal("/dev/ferry/none is not there: load the module none.", reason);
    }

    [Fact]
    public void A_file_that_may_not_be_opened_says_who_may()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root may open any file");
        var folder = Directory.CreateTempSubdirectory("ferry-device-");
        try
        {
            var path = Path.Combine(folder.FullName, "file");
            File.WriteAllText(path, "");
            File.SetUnixFileMode(path, UnixFileMode.None);
            Assert.False(DeviceFile.TryOpen(path, "", out _, out var reason));
            Assert.Contains("may not be opened: run as root, or let an udev rule", reason, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Any_other_error_says_its_number()
    {
        // EISDIR.
        Assert.False(DeviceFile.TryOpen("/dev", "", out _, out var reason));
        Assert.Contains("can't be opened", reason, StringComparison.Ordinal);
        Assert.Contains("(errno 21)", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "/dev/x is not there: load it.")]
    [InlineData(6, "/dev/x is not there: load it.")]
    [InlineData(19, "/dev/x is not there: load it.")]
    [InlineData(1, "/dev/x may not be opened: ask for it.")]
    [InlineData(13, "/dev/x may not be opened: ask for it.")]
    [InlineData(16, "/dev/x is in use: another process has it, and only one at a time may.")]
    [InlineData(24, "/dev/x can't be opened: Too many open files (errno 24).")]
    public void Each_error_of_opening_has_its_own_sentence(int errno, string expected) =>
        Assert.Equal(expected, DeviceFile.Explain("/dev/x", "load it", errno, "ask for it"));

    [Fact]
    public void A_host_without_the_interfaces_says_which_module_or_driver_is_missing()
    {
        Assert.SkipWhen(File.Exists("/dev/vfio/vfio") || File.Exists("/dev/iommu"), "this host has VFIO or iommufd");
        Assert.False(VfioContainer.TryOpen(out _, out var container));
        Assert.Contains("/dev/vfio/vfio is not there: load the module vfio_iommu_type1", container, StringComparison.Ordinal);
        Assert.False(VfioContainer.TryOpen(out _, out var compatible, compatible: true));
        Assert.Contains("/dev/iommu is not there: load the module iommufd", compatible, StringComparison.Ordinal);
        Assert.False(Linux.Iommufd.Iommufd.TryOpen(out _, out var iommufd));
        Assert.Contains("CONFIG_IOMMUFD", iommufd, StringComparison.Ordinal);
        Assert.False(VfioGroup.TryOpen(12, out _, out var group));
        Assert.Contains("bind the devices of IOMMU group 12 to a VFIO driver", group, StringComparison.Ordinal);
        Assert.False(VfioDevice.TryOpen("/dev/vfio/devices/vfio0", out _, out var device));
        Assert.Contains("CONFIG_VFIO_DEVICE_CDEV", device, StringComparison.Ordinal);
    }

    [Fact]
    public void Something_else_in_the_place_of_a_device_is_refused_by_its_calls()
    {
        using var file = MemoryFile.Create("ferry-no-device", 4096);
        Assert.True(VfioDevice.TryOpen($"/proc/self/fd/{file.Handle.DangerousGetHandle()}", out var device, out _));
        using (device)
        {
            var failure = Assert.Throws<KernelCallException>(() => device!.GetInfo());
            Assert.Equal((VfioErrno.NotATerminal, "ioctl(VFIO_DEVICE_GET_INFO)"), (failure.Errno, failure.Call));
            Assert.Equal(VfioMigrationFlags.None, device!.GetMigrationFlags());
            Assert.False(device.HasDmaLog);
            Assert.Null(device.EstimateStopCopyBytes());
            Assert.Throws<KernelCallException>(() => device.SetState(VfioDeviceState.Stop));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.SetInterruptEvents(0, 0, []));
            var region = new VfioRegion(0, 16, true, true, [], 0);
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Read(region, 13, new byte[4]));
            Assert.Throws<ArgumentOutOfRangeException>(() => device.Write(region, ulong.MaxValue, new byte[4]));
            Assert.Throws<ArgumentException>(() => device.ReportDmaLog(new(new(0), 1 << 20), Ferry.Memory.PageSize.Size4K, new ulong[3]));
        }
    }

    [Fact]
    public void Too_little_memory_that_may_be_locked_is_named_with_its_limit_and_remedy()
    {
        var text = DmaMappings.Describe(VfioErrno.NoMemory);
        Assert.Contains(LockedMemory.LimitBytes is { } limit ? $"may lock {limit >> 10} KiB: raise that (ulimit -l" : "too little memory", text, StringComparison.Ordinal);
        Assert.Contains("dma_entry_limit", DmaMappings.Describe(VfioErrno.NoSpace), StringComparison.Ordinal);
        Assert.Contains("mapped already", DmaMappings.Describe(VfioErrno.Exists), StringComparison.Ordinal);
    }

    [Fact]
    public void A_devices_files_are_found_by_its_folder()
    {
        var folder = Directory.CreateTempSubdirectory("ferry-sysfs-");
        try
        {
            var device = folder.CreateSubdirectory("0000:00:03.0").FullName;
            Assert.False(VfioSysfs.TryFindGroup(device, out _));
            Assert.False(VfioSysfs.TryFindDevice(device, out _));
            File.CreateSymbolicLink(Path.Combine(device, "iommu_group"), "../../../kernel/iommu_groups/17");
            Directory.CreateDirectory(Path.Combine(device, "vfio-dev", "vfio3"));
            Assert.True(VfioSysfs.TryFindGroup(device, out var group));
            Assert.Equal(17, group);
            Assert.True(VfioSysfs.TryFindDevice(device, out var path));
            Assert.Equal("/dev/vfio/devices/vfio3", path);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
