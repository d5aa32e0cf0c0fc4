using System.Text.RegularExpressions;

namespace Ferry.Architecture.Tests;

/// <summary>What each project of the house may depend on. One direction, downward.</summary>
internal static partial class Arrows
{
    internal static readonly IReadOnlyDictionary<string, string[]> Allowed = new Dictionary<string, string[]>
    {
        ["Ferry.Memory"] = [],
        ["Ferry.Linux"] = ["Ferry.Memory"],
        ["Ferry.Tracking"] = ["Ferry.Linux", "Ferry.Memory"],
        ["Ferry.VfioUser"] = ["Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Devices"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Conform"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Machine"] = ["Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Migration"] = ["Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
        ["Ferry.Report"] = [],
        ["Ferry.Cli"] = ["Ferry.Report", "Ferry.Migration", "Ferry.Machine", "Ferry.Devices", "Ferry.Conform", "Ferry.VfioUser", "Ferry.Tracking", "Ferry.Linux", "Ferry.Memory"],
