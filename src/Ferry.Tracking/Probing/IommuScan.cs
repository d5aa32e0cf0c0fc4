namespace Ferry.Tracking.Probing;

/// <summary>IOMMUs by sysfs. Source: the kernel's Documentation/ABI/testing/sysfs-class-iommu-*; drivers/iommu/intel/iommu.h, drivers/iommu/amd/amd_iommu_types.h.</summary>
internal static class IommuScan
{
    private const string Folder = "/sys/class/iommu";
    private const string Tables = "/sys/firmware/acpi/tables";

    /// <summary>Scalable-mode translation, second-stage accessed and dirty bits, coherent walks in scalable mode, in Intel's extended capabilities.</summary>
    private const int IntelScalable = 43, IntelDirty = 45, IntelCoherent = 48;

    /// <summary>Dirty bits in the host's page tables, in AMD's extended features.</summary>
    private const int AmdDirty = 52;

    private const string Ask = "bind a device behind it to vfio-pci and probe again: iommufd then says";
    private static readonly Version FirstVersion = new(6, 7);

    /// <summary>All that the kernel uses.</summary>
    public static List<IommuFinding> Read(IHostFiles files, KernelFinding kernel)
    {
        var found = new List<IommuFinding>();
        foreach (var name in files.List(Folder))
        {
            var devices = files.List($"{Folder}/{name}/devices").Count;
            var intel = SystemText.ParseHex(files.Read($"{Folder}/{name}/intel-iommu/ecap"));
            var amd = SystemText.ParseHex(files.Read($"{Folder}/{name}/amd-iommu/features"));
            found.Add((intel, amd) switch
            {
                ({ } capabilities, _) => OfIntel(name, devices, capabilities, kernel),
                (_, { } features) => OfAmd(name, devices, features, kernel),
                _ => new(name, "unknown", devices, null, $"sysfs does not tell; {Ask}"),
            });
        }

        return found;
    }

    /// <summary>Why the kernel uses none.</summary>
    public static Obstacle FindObstacle(IHostFiles files)
    {
        if (files.Refused.FirstOrDefault(each => each.Reason.StartsWith(Folder, StringComparison.Ordinal)) is { } refused)
        {
            return refused;
        }

        var reason = files.Exists($"{Tables}/DMAR") ? "the firmware describes an Intel IOMMU and the kernel does not use it: boot with intel_iommu=on, in a kernel with CONFIG_INTEL_IOMMU"
            : files.Exists($"{Tables}/IVRS") ? "the firmware describes an AMD IOMMU and the kernel does not use it: take amd_iommu=off and iommu=off from its command line, in a kernel with CONFIG_AMD_IOMMU"
            : "this host has no IOMMU: enable VT-d or AMD-Vi in the firmware, and boot an Intel host with intel_iommu=on; in a virtual machine the hypervisor has to give it one";
        return new(ObstacleKind.Missing, reason);
    }

    private static IommuFinding OfIntel(string name, int devices, ulong capabilities, KernelFinding kernel)
    {
        bool Has(int bit) => (capabilities >> bit & 1) != 0;
        var needsCoherent = kernel.Version >= new Version(6, 18);
        var (has, evidence) = true switch
        {
            _ when !Has(IntelScalable) => (false, $"the hardware has no scalable mode (extended capabilities 0x{capabilities:x}), without which it has no dirty bits"),
            _ when !Has(IntelDirty) => (false, $"the hardware has no dirty bits in second-stage tables (extended capabilities 0x{capabilities:x})"),
            _ when needsCoherent && !Has(IntelCoherent) => (false, $"the hardware's walks are not coherent (extended capabilities 0x{capabilities:x}), for which Linux 6.18 and later leave dirty bits alone"),
            _ when TooOld(kernel) is { } old => (false, old),
            _ => ((bool?)null, $"the hardware has dirty bits, and the kernel uses them in scalable mode, intel_iommu=on,sm_on; {Ask}"),
        };
        return new(name, "intel", devices, has, evidence);
    }

    private static IommuFinding OfAmd(string name, int devices, ulong features, KernelFinding kernel)
    {
        var (has, evidence) = (features >> AmdDirty & 1) == 0 ? (false, $"the hardware has no dirty bits in its page tables (features 0x{features:x})")
            : TooOld(kernel) is { } old ? (false, old)
            : ((bool?)null, $"the hardware has dirty bits; {Ask}");
        return new(name, "amd", devices, has, evidence);
    }

    private static string? TooOld(KernelFinding kernel) =>
        kernel.Version < FirstVersion ? $"the hardware has dirty bits, and Linux 6.7 or later is needed to use them; this is {kernel.Release}" : null;
}
