using Ferry.Conform.Kernel;
using Ferry.Lab.Devices;

namespace Ferry.Lab.Checks;

/// <summary>Each defect of one kind that the lab's test device can have is found by <c>ferry conform</c>, by the checks of the rule that it breaks and by
/// no other.</summary>
internal sealed class ConformFaultsCheck : ILabCheck
{
    private const int StateBytes = 64 << 10;

    private readonly PlantedDefect[] _defects;

    private ConformFaultsCheck(string kind, params PlantedDefect[] defects) => (Name, _defects) = ($"conform-faults-{kind}", defects);

    /// <summary>Those of the log.</summary>
    public static ConformFaultsCheck OfLog { get; } = new(
        "log",
        new("log-misses", ["log-complete", "log-report-sizes", "log-ranges"]),
        // What is written between two parts of a report is forgotten too.
        new("log-forgets-rest", ["log-ranges"]) { PerhapsFoundBy = ["log-complete", "log-report-sizes"] },
        new("log-keeps", ["log-forgets"]),
        new("log-adds", ["log-exact"]));

    /// <summary>Those of when it works. One that works in STOP also changes a state that was just loaded, if it is quick enough.</summary>
    public static ConformFaultsCheck OfWork { get; } = new(
        "work",
        new("stop-writes", ["stop-silence"]) { PerhapsFoundBy = ["resume-restores", "resume-work"] },
        new("stop-signals", ["stop-silence"]),
        new("p2p-writes", ["p2p-silence"]));

    /// <summary>Those of its state.</summary>
    public static ConformFaultsCheck OfState { get; } = new(
        "state",
        new("accepts-altered", ["resume-altered"]),
        new("accepts-cut", ["resume-cut"]),
        new("load-ignored", ["resume-restores", "resume-work"]),
        new("size-wrong", ["size-estimate"]),
        new("pre-copy-endless", ["pre-copy-converges"]));

    /// <summary>Those of transitions and resets.</summary>
    public static ConformFaultsCheck OfTransitions { get; } = new(
        "transitions",
        new("arc-fails", ["arcs", "combinations", "p2p-silence"]),
        new("reset-keeps-file", ["reset", "data-states"]),
        new("reset-keeps-state", ["reset"]));

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var wrong = new List<string>();
        foreach (var planted in _defects)
        {
            context.Log($"defect {planted.Defect}");
            using var device = new RnicOptions { RateBytes = Conformance.RnicBytesPerSecond, StateBytes = StateBytes, Defect = planted.Defect }.Create();
            var report = Conformance.Run(context, device, KernelAccess.Auto, Conformance.RnicStimulus);
            if (Conformance.DescribeDifference(report, planted.FoundBy, planted.PerhapsFoundBy) is { } difference)
            {
                wrong.Add($"{planted.Defect}: {difference}");
            }
        }

        LabContext.Require(wrong.Count == 0, string.Join(" | ", wrong));
        return $"{_defects.Length} defects, each found by the checks of its rule and no other";
    }
}
