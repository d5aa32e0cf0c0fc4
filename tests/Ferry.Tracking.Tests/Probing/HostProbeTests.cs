using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Tracking.Probing;
using Xunit;

namespace Ferry.Tracking.Tests.Probing;

/// <summary>Each thing that can be wrong with a host has its own sentence and remedy.</summary>
public sealed class HostProbeTests : IDisposable
{
    private const int Eperm = 1, Enoent = 2, Eio = 5, Eacces = 13, Ebusy = 16, Enodev = 19, Emfile = 24, Enosys = 38;
    private const ulong IntelWithDirtyBits = 1UL << 43 | 1UL << 45 | 1UL << 48;
    private readonly FakeHost _host = new();

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("kvm-log", "/dev/kvm", Enoent, ProviderStatus.Cannot, "/dev/kvm is not there: load the module kvm_intel or kvm_amd")]
    [InlineData("kvm-log", "/dev/kvm", Enodev, ProviderStatus.Cannot, "load the module kvm_intel or kvm_amd")]
    [InlineData("kvm-ring", "/dev/kvm", Eacces, ProviderStatus.NotPermitted, "not permitted: /dev/kvm may not be opened: add this user to the group")]
    [InlineData("kvm-ring", "/dev/kvm", Eperm, ProviderStatus.NotPermitted, "usually kvm")]
    [InlineData("kvm-log", "/dev/kvm", Ebusy, ProviderStatus.Unknown, "in use: /dev/kvm is in use")]
    [InlineData("kvm-log", "/dev/kvm", Emfile, ProviderStatus.Cannot, "can't be opened: ")]
    [InlineData("process", "userfaultfd", Enosys, ProviderStatus.Cannot, "the kernel needs CONFIG_USERFAULTFD")]
    [InlineData("process", "userfaultfd", Eperm, ProviderStatus.NotPermitted, "seccomp filters of container runtimes")]
    [InlineData("iommufd", "/dev/iommu", Enoent, ProviderStatus.Cannot, "load the module iommufd, in a kernel with CONFIG_IOMMUFD (Linux 6.2)")]
    [InlineData("iommufd", "/dev/iommu", Eacces, ProviderStatus.NotPermitted, "not permitted: /dev/iommu may not be opened: run as root, or let an udev rule")]
    [InlineData("type1", "/dev/vfio/vfio", Enoent, ProviderStatus.Cannot, "load the module vfio_iommu_type1, and enable the IOMMU")]
    [InlineData("type1", "/dev/vfio/vfio", Eacces, ProviderStatus.NotPermitted, "not permitted: /dev/vfio/vfio may not be opened")]
    public void A_file_that_the_kernel_refuses_is_told_with_what_would_help(string provider, string path, int errno, ProviderStatus status, string expected)
    {
        _host.AddIntel(IntelWithDirtyBits);
        _host.AddPci("0000:01:00.0", "vfio-pci", 7, "vfio0");
        Assert.Equal(ProviderStatus.Can, _host.Judge(provider).Status);
        _host.Calls.Refused[path] = errno;
        var finding = _host.Judge(provider);
        Assert.Equal(status, finding.Status);
        Assert.Contains(expected, finding.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hypervisor_that_holds_the_processor_is_named()
    {
        // KVM is opened, then a machine is made.
        (_host.Calls.FailAt, _host.Calls.FailWith) = (2, Ebusy);
        var finding = _host.Judge("kvm-log");
        Assert.Equal(ProviderStatus.Unknown, finding.Status);
        Assert.Contains("another hypervisor uses the processor's virtualization: end it", finding.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_that_is_too_old_is_told_with_the_version_that_is_needed_and_its_own()
    {
        using var host = new FakeHost("5.4.0-150-generic");
        host.Calls.LogRefusal = "no manual protection";
        host.Calls.RingRefusal = "no rings";
        host.Calls.ScanProblem = new(ObstacleKind.Missing, "no scan");
        foreach (var (provider, version) in new[] { ("kvm-log", "5.7"), ("kvm-ring", "5.11"), ("process", "6.7") })
        {
            var finding = host.Judge(provider);
            Assert.Equal(ProviderStatus.Cannot, finding.Status);
            Assert.Contains($"Linux {version} or later is needed; this is 5.4.0-150-generic", finding.Details);
        }
    }

    [Fact]
    public void Writes_of_the_kernel_that_can_not_wait_say_what_would_permit_it()
    {
        _host.Calls.Abilities = new(ulong.MaxValue, false, false, "/dev/userfaultfd may not be opened", Eacces);
        var found = _host.Look().Userfault;
        Assert.Equal(ObstacleKind.NotPermitted, found.FaultProblem!.Kind);
        Assert.Contains(UserfaultAbilities.HoldingNeeds, found.FaultProblem.Reason, StringComparison.Ordinal);
        Assert.Equal(ObstacleKind.NotPermitted, found.FileProblem!.Kind);
        _host.Calls.Abilities = new(0, true, true, null, 0);
        Assert.Contains("Linux 5.19 or later is needed", _host.Look().Userfault.FaultProblem!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DMAR", "boot with intel_iommu=on")]
    [InlineData("IVRS", "take amd_iommu=off and iommu=off from its command line")]
    [InlineData("APIC", "enable VT-d or AMD-Vi in the firmware")]
    public void A_host_without_IOMMU_says_where_it_got_lost(string table, string remedy)
    {
        _host.Write($"/sys/firmware/acpi/tables/{table}", "");
        _host.AddPci("0000:01:00.0", "e1000e", null);
        Assert.Contains(remedy, _host.Look().IommuProblem!.Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, _host.Judge("vfio-device").Reason, StringComparison.Ordinal);
        Assert.Contains(remedy, Assert.Single(_host.Look().Devices).Problem!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "6.12.1", false, "no scalable mode")]
    [InlineData(1UL << 43, "6.12.1", false, "no dirty bits in second-stage tables")]
    [InlineData(1UL << 43 | 1UL << 45, "6.12.1", null, "intel_iommu=on,sm_on")]
    [InlineData(1UL << 43 | 1UL << 45, "6.18.0", false, "not coherent")]
    [InlineData(IntelWithDirtyBits, "6.18.0", null, "bind a device behind it to vfio-pci and probe again")]
    [InlineData(IntelWithDirtyBits, "6.1.0", false, "Linux 6.7 or later is needed to use them; this is 6.1.0")]
    public void What_an_IOMMU_of_Intels_can_is_said_as_far_as_sysfs_tells(ulong capabilities, string release, bool? has, string evidence)
    {
        using var host = new FakeHost(release);
        host.AddIntel(capabilities);
        var iommu = Assert.Single(host.Look().Iommus);
        Assert.Equal(("dmar0", "intel", 1, has), (iommu.Name, iommu.Kind, iommu.Devices, iommu.HasDirtyTracking));
        Assert.Contains(evidence, iommu.Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10000000000000", null, "the hardware has dirty bits")]
    [InlineData("10000000000000:10", null, "the hardware has dirty bits")]
    [InlineData("f77ef22294ada", false, "no dirty bits in its page tables")]
    public void What_an_IOMMU_of_AMDs_can_is_said_as_far_as_sysfs_tells(string features, bool? has, string evidence)
    {
        _host.Write("/sys/class/iommu/ivhd0/amd-iommu/features", features);
        _host.Write("/sys/class/iommu/smmu3/arm-smmu-v3", "");
        var found = _host.Look().Iommus;
        Assert.Equal(["amd", "unknown"], found.Select(each => each.Kind));
        Assert.Equal(has, found[0].HasDirtyTracking);
        Assert.Contains(evidence, found[0].Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8UL << 20, "0000000000000000", true)]
    [InlineData(8UL << 20, "0000000000004000", false)]
    [InlineData(1UL << 40, "0000000000000000", false)]
    [InlineData(null, "0000000000000000", false)]
    public void Too_little_memory_that_may_be_locked_is_told_with_its_limit_and_remedy(ulong? limit, string capabilities, bool isProblem)
    {
        _host.Write("/proc/self/status", $"CapEff:\t{capabilities}\n");
        _host.Calls.LockLimitBytes = limit;
        var memory = _host.Look().Memory;
        Assert.Equal(isProblem, memory.LockProblem?.Contains("may lock 8192 KiB: raise that (ulimit -l", StringComparison.Ordinal) ?? false);
        Assert.Equal(isProblem, _host.Judge("type1").Details.Contains(memory.LockProblem ?? ""));
    }

    [Fact]
    public void Huge_pages_that_a_guest_can_not_have_say_why()
    {
        const string Folder = "/sys/kernel/mm/hugepages";
        _host.Write($"{Folder}/hugepages-2048kB/nr_hugepages", "0\n");
        _host.Write($"{Folder}/hugepages-2048kB/free_hugepages", "0\n");
        _host.Write($"{Folder}/hugepages-64kB/nr_hugepages", "9\n");
        _host.Write($"{Folder}/hugepages-64kB/free_hugepages", "5\n");
        _host.Write($"{Folder}/hugepages-64kB/resv_hugepages", "7\n");
        _host.Write($"{Folder}/hugepages-32768kB/nr_hugepages", "nonsense");
        _host.Write($"{Folder}/hugepages-16384kB/nr_hugepages", "4\n");
        _host.Write($"{Folder}/hugepages-16384kB/free_hugepages", "3\n");
        _host.Write($"{Folder}/hugepages-3kB/nr_hugepages", "1\n");
        var found = _host.Look().Memory.HugePages.ToDictionary(each => each.Size.ToString());
        Assert.Equal(["64K", "2M", "16M", "32M", "1G"], found.Keys);
        Assert.Contains("none are set aside", found["2M"].Problem, StringComparison.Ordinal);
        Assert.Contains("nr_hugepages takes", found["2M"].Problem, StringComparison.Ordinal);
        Assert.Contains("all 9 are used or promised", found["64K"].Problem, StringComparison.Ordinal);
        Assert.Contains("doesn't tell", found["32M"].Problem, StringComparison.Ordinal);
        Assert.Equal((4UL, 3UL, null), (found["16M"].Total!.Value, found["16M"].Free!.Value, found["16M"].Problem));
        Assert.Contains("the processor has pages of 1G and this kernel has no huge pages of that size", found["1G"].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_may_not_be_read_is_not_taken_for_missing()
    {
        _host.Refused["/sys/bus/pci/devices"] = true;
        _host.Refused["/proc/cpuinfo"] = false;
        _host.AddIntel(0);
        var found = _host.Look();
        Assert.Contains(found.Unread, each => each is { Kind: ObstacleKind.NotPermitted, Reason: "/sys/bus/pci/devices may not be read: run as root." });
        Assert.Contains(found.Unread, each => each.Kind == ObstacleKind.Failed && each.Reason.Contains("/proc/cpuinfo can't be read", StringComparison.Ordinal));
        Assert.Equal(ProviderStatus.NotPermitted, _host.Judge("vfio-device").Status);
        _host.Refused["/sys/class/iommu"] = true;
        Assert.Equal(ObstacleKind.NotPermitted, _host.Look().IommuProblem!.Kind);
    }

    [Fact]
    public void Of_the_kernels_command_line_only_what_matters_is_told() => Assert.Equal(["intel_iommu=on"], _host.Look().Kernel.BootOptions);

    [Fact]
    public void Whichever_call_fails_the_probe_goes_on_and_leaves_nothing_open()
    {
        _host.AddIntel(IntelWithDirtyBits);
        _host.AddPci("0000:01:00.0", "vfio-pci", 7, "vfio0");
        _host.AddPci("0000:02:00.0", "vfio-pci", 8);
        _host.Calls.Device = new() { LogSizes = [PageSize.Size4K, PageSize.Size2M] };
        _host.Look();
        var total = _host.Calls.CallCount;
        Assert.True(total > 20, $"{total} calls");
        foreach (var errno in new[] { Eio, Ebusy })
        {
            for (var failing = 1; failing <= total; failing++)
            {
                using var host = new FakeHost();
                host.AddIntel(IntelWithDirtyBits);
                host.AddPci("0000:01:00.0", "vfio-pci", 7, "vfio0");
                host.AddPci("0000:02:00.0", "vfio-pci", 8);
                (host.Calls.FailAt, host.Calls.FailWith, host.Calls.Device) = (failing, errno, _host.Calls.Device);
                var found = host.Look();
                Assert.Equal(0, host.Calls.OpenNow);
                Assert.True(Obstacles(found).Any(each => each.Reason.Contains($"(errno {errno})", StringComparison.Ordinal)) || LogLostASize(found), $"call {failing} with {errno} left no trace");
            }
        }
    }

    [Fact]
    public void This_host_is_told_of_as_whoever_runs_the_test()
    {
        var found = HostProbe.Look();
        Assert.False(string.IsNullOrEmpty(found.Kernel.Release));
        Assert.True(found.Memory.TotalBytes > 0);
        var opened = Linux.Kvm.KvmSystem.TryOpen(out var kvm, out var reason);
        kvm?.Dispose();
        Assert.Equal(reason, found.Kvm.Problem?.Reason);
        Assert.Equal(opened, found.Kvm.MemorySlots > 0);
        Assert.Equal(11 - 4, ProviderVerdicts.Judge(found).Count);
        Assert.Equal(!WriteTracking.TryOpen(out var tracking, out _), (found.Userfault.Problem ?? found.Userfault.ScanProblem) is not null);
        tracking?.Dispose();
    }

    private static IEnumerable<Obstacle> Obstacles(HostFindings found)
    {
        Obstacle?[] all =
        [
            found.Kvm.Problem, found.Kvm.LogProblem, found.Kvm.RingProblem, found.Userfault.Problem, found.Userfault.ScanProblem, found.IommufdProblem, found.ContainerProblem,
            .. found.Groups.SelectMany(group => new[] { group.Problem, group.TrackingProblem }), .. found.Devices.SelectMany(device => new[] { device.Problem, device.IommuProblem }),
        ];
        return all.OfType<Obstacle>();
    }

    // A start that the device refuses says nothing but that it doesn't log at that size.
    private static bool LogLostASize(HostFindings found) => found.Devices.Any(device => device.Problem is null && device.LogPageSizes.Count != 10);
}
