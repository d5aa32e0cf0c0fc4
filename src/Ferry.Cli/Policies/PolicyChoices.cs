using System.Globalization;
using Ferry.Migration.Planning;

namespace Ferry.Cli.Policies;

/// <summary>What the words of a policy may be.</summary>
internal static class PolicyChoices
{
    public const string First = "first";
    public const string Union = "union";
    public const string Next = "next";
    public const string None = "none";
    public const string Normal = "normal";
    public const string Early = "early";
    public const string Auto = "auto";

    /// <summary>Where a value comes from that nobody gave.</summary>
    public const string Default = "default";

    private const string LastRounds = "last-";
    private const int MostLastRounds = 100;

    /// <summary>The trackers of vCPUs.</summary>
    public static string[] VcpuTrackers { get; } = ["kvm-log", "kvm-ring", "process"];

    /// <summary>The trackers of devices that are processes.</summary>
    public static string[] ProcessTrackers { get; } = ["mediated", "device", "iotable", "iotable-faults"];

    /// <summary>The trackers of devices of the kernel's.</summary>
    public static string[] KernelTrackers { get; } = ["vfio-device", "iommufd", "type1"];

    /// <summary>Every tracker that a machine may have.</summary>
    public static string[] Trackers { get; } = [.. VcpuTrackers, .. ProcessTrackers, .. KernelTrackers, "all"];

    /// <summary>How a list of trackers is meant.</summary>
    public static string[] Combine { get; } = [First, Union];

    /// <summary>What takes over from a tracker that fails, beside the trackers.</summary>
    public static string[] Fallback { get; } = [Next, None];

    /// <summary>When a device stops.</summary>
    public static string[] Quiesce { get; } = [Normal, Early];

    /// <summary>In which rounds a device enters a P2P state for the sync, beside <c>last-N</c>: see <see cref="TryParseSync"/>.</summary>
    public static string[] Sync { get; } = ["never", "near-end", "each-round", "last-2"];

    /// <summary>What comes first at the switchover.</summary>
    public static string[] Grace { get; } = ["vcpus-first", "devices-first"];

    /// <summary>Reads when a device enters a P2P state for the sync: one of <see cref="Sync"/>, or <c>last-N</c> with N from 1 to 100.</summary>
    public static bool TryParseSync(string text, out P2PSyncPolicy policy)
    {
        policy = text switch
        {
            "near-end" => P2PSyncPolicy.NearEnd,
            "each-round" => P2PSyncPolicy.EachRound,
            _ when text.StartsWith(LastRounds, StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(LastRounds.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var rounds)
                && rounds is >= 1 and <= MostLastRounds => P2PSyncPolicy.Last(rounds),
            _ => P2PSyncPolicy.Never,
        };
        return policy != P2PSyncPolicy.Never || text == "never";
    }
}
