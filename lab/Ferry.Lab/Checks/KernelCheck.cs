using System.Globalization;

namespace Ferry.Lab.Checks;

/// <summary>What runs is the kernel that was built for the lab.</summary>
internal sealed class KernelCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "kernel";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var release = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        LabContext.Require(release.EndsWith("-lab", StringComparison.Ordinal), $"Linux {release} is not the lab's kernel");
        return string.Create(CultureInfo.InvariantCulture, $"Linux {release}, {Environment.TickCount64 / 1000.0:0.0} s after it began to run");
    }
}
