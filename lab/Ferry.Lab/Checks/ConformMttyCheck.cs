using Ferry.Conform.Kernel;
using Ferry.Conform.Stimuli;
using Ferry.Lab.Devices;
using Outcome = Ferry.Conform.CheckOutcome;

namespace Ferry.Lab.Checks;

/// <summary>What <c>ferry conform</c> finds about the kernel's sample device, opened in each way. It breaks rules: docs/conform.md tells which, and why that is so.</summary>
internal sealed class ConformMttyCheck : ILabCheck
{
    private static readonly string[] Broken = ["capabilities", "pre-copy-end", "resume-altered", "log-lifecycle", "log-range-limits"];

    /// <inheritdoc/>
    public string Name => "conform-mtty";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var made = MediatedDevice.Create("mtty", "mtty-1");
        var found = "";
        foreach (var access in Enum.GetValues<KernelAccess>())
        {
            var report = Conformance.Run(context, made, access, StimulusNames.None);
            Conformance.RequireFailed(report, Broken);
            found = $"{report.Count(Outcome.Passed)} passed, {report.Count(Outcome.NotApplicable)} not applicable, {Broken.Length} failed as they must be";
        }

        return $"{found}, opened in {Enum.GetValues<KernelAccess>().Length} ways";
    }
}
