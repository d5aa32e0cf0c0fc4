using Ferry.Conform.Kernel;

namespace Ferry.Cli.Conformance;

/// <summary>The ways to open a kernel device by name.</summary>
internal static class KernelAccessNames
{
    /// <summary>The name of <see cref="KernelAccess.Auto"/>.</summary>
    public const string Auto = "auto";

    private static readonly Dictionary<string, KernelAccess> Names = new()
    {
        [Auto] = KernelAccess.Auto,
        ["cdev"] = KernelAccess.DeviceFile,
        ["group"] = KernelAccess.Group,
        ["group-iommufd"] = KernelAccess.GroupIommufd,
    };

    /// <summary>All names.</summary>
    public static IReadOnlyCollection<string> All => Names.Keys;

    /// <summary>The way of a name, which must be one of <see cref="All"/>.</summary>
    public static KernelAccess Parse(string name) => Names[name];
}
