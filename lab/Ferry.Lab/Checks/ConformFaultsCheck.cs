using Ferry.Conform.Kernel;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>Each defect that the lab's test device can have is found by <c>ferry conform</c>, by the checks of the rule that it breaks and by no other.</summary>
internal sealed class ConformFaultsCheck : ILabCheck
{
    private const int StateBytes = 64 << 10;

    private static readonly (string Defect, string[] FoundBy)[] Defects =
    [
        ("log-misses", ["log-complete", "log-report-sizes", "log-ranges"]),
        ("log-forgets-rest", ["log-ranges"]),
        ("log-keeps", ["log-forgets"]),
        ("log-adds", ["log-exact"]),
        ("stop-writes", ["stop-silence", "resume-work"]),
        ("stop-signals", ["stop-silence"]),
        ("p2p-writes", ["p2p-silence"]),
        ("accepts-altered", ["resume-altered"]),
        ("accepts-cut", ["resume-cut"]),
        ("load-ignored", ["resume-restores", "resume-work"]),
        ("size-wrong", ["size-estimate"]),
        ("pre-copy-endless", ["pre-copy-converges"]),
        ("arc-fails", ["arcs", "combinations", "p2p-silence"]),
        ("reset-keeps-file", ["reset", "data-states"]),
        ("reset-keeps-state", ["reset"]),
    ];

    /// <inheritdoc/>
    public string Name => "conform-faults";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var wrong = new List<string>();
        foreach (var (defect, foundBy) in Defects)
        {
            context.Log($"defect {defect}");
            using var device = new RnicOptions { RateBytes = Conformance.RnicBytesPerSecond, StateBytes = StateBytes, Defect = defect }.Create();
            var report = Conformance.Run(context, device, KernelAccess.Auto, Conformance.RnicStimulus);
            if (Conformance.DescribeDifference(report, foundBy) is { } difference)
            {
                wrong.Add($"{defect}: {difference}");
            }
        }

        LabContext.Require(wrong.Count == 0, string.Join(" | ", wrong));
        return $"{Defects.Length} defects, each found by the checks of its rule and no other";
    }
}
