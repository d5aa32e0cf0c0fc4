using Ferry.Conform.Kernel;
using Ferry.Lab.Devices;
using Outcome = Ferry.Conform.CheckOutcome;

namespace Ferry.Lab.Checks;

/// <summary><c>ferry conform</c> finds nothing wrong with the lab's test device, and all of its checks apply to it; opened in each way it writes, logs and migrates.</summary>
internal sealed class ConformRnicCheck : ILabCheck
{
    // What depends on how it is opened: mappings, files, the life of a data session.
    private static readonly string[] ByAccess = ["capabilities", "data-sessions", "resume-restores", "dma-runs", "log-exact"];

    /// <inheritdoc/>
    public string Name => "conform-rnic";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var device = new RnicOptions { RateBytes = Conformance.RnicBytesPerSecond }.Create();
        var passed = Pass(context, device, KernelAccess.Auto, []);
        foreach (var access in Enum.GetValues<KernelAccess>())
        {
            Pass(context, device, access, ByAccess);
        }

        return $"{passed} passed; {ByAccess.Length} of them opened in {Enum.GetValues<KernelAccess>().Length} ways";
    }

    private static int Pass(LabContext context, MediatedDevice device, KernelAccess access, string[] only)
    {
        var report = Conformance.Run(context, device, access, Conformance.RnicStimulus, only);
        Conformance.RequireFailed(report, []);
        LabContext.Require(report.Count(Outcome.NotApplicable) == 0, $"{report.Count(Outcome.NotApplicable)} checks are not applicable");
        return report.Count(Outcome.Passed);
    }
}
