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

    /// <summary>Every tracker that a machine may have.</summary>
    public static string[] Trackers { get; } = ["kvm-log", "kvm-ring", "process", "mediated", "device", "iotable", "all"];

    /// <summary>How a list of trackers is meant.</summary>
    public static string[] Combine { get; } = [First, Union];

    /// <summary>What takes over from a tracker that fails, beside the trackers.</summary>
    public static string[] Fallback { get; } = [Next, None];

    /// <summary>When a device stops.</summary>
    public static string[] Quiesce { get; } = [Normal, Early];

    /// <summary>In which rounds a device enters a P2P state for the sync.</summary>
    public static string[] Sync { get; } = ["never", "near-end", "each-round"];

    /// <summary>What comes first at the switchover.</summary>
    public static string[] Grace { get; } = ["vcpus-first", "devices-first"];
}
