using Ferry.Conform.Kernel;
using Ferry.Lab.Devices;
using Outcome = Ferry.Conform.CheckOutcome;

namespace Ferry.Lab.Checks;

/// <summary><c>ferry conform</c> finds nothing wrong with the lab's test device, opened in each way, and all of its checks apply to it.</summary>
internal sealed class ConformRnicCheck : ILabCheck
{
    /// <inheritdoc/>
    public string Name => "conform-rnic";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var device = new RnicOptions { RateBytes = Conformance.RnicBytesPerSecond }.Create();
        var passed = 0;
        foreach (var access in Enum.GetValues<KernelAccess>())
        {
            var report = Conformance.Run(context, device, access, Conformance.RnicStimulus);
            Conformance.RequireFailed(report, []);
            passed = report.Count(Outcome.Passed);
            LabContext.Require(passed == report.Checks.Count, $"{report.Count(Outcome.NotApplicable)} checks are not applicable");
        }

        return $"{passed} passed, opened in {Enum.GetValues<KernelAccess>().Length} ways";
    }
}
