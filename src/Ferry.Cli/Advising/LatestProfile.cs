using System.Reflection;
using Ferry.Bench.Profiles;

namespace Ferry.Cli.Advising;

/// <summary>Where the latest profile of this host is, and whether a profile holds here.</summary>
internal static class LatestProfile
{
    /// <summary>Ferry's version as profiles have it.</summary>
    public static string FerryVersion { get; } =
        typeof(LatestProfile).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>The file: <c>ferry/profile.json</c> in <c>$XDG_STATE_HOME</c>, or in <c>~/.local/state</c>.</summary>
    public static string Path
    {
        get
        {
            var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
            return System.IO.Path.Combine(
                string.IsNullOrEmpty(state) ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state") : state, "ferry", "profile.json");
        }
    }

    /// <summary>Why a profile does not hold on <paramref name="host"/>; null where it does.</summary>
    public static string? WhyNot(CostProfile profile, HostFacts host) => profile switch
    {
        _ when profile.FerryVersion != FerryVersion => $"measured by Ferry {profile.FerryVersion}, and this is {FerryVersion}",
        _ when profile.Host.Kernel != host.Kernel => $"measured on kernel {profile.Host.Kernel}, and this is {host.Kernel}",
        _ when profile.Host.Fingerprint != host.Fingerprint =>
            $"measured on another host ({profile.Host.CpuModel}, {profile.Host.Cores} processors, {profile.Host.Accelerator}), and this is {host.CpuModel}, {host.Cores} processors, {host.Accelerator}",
        _ => null,
    };
}
