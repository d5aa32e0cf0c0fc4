using Ferry.Conform.Checks;
using Ferry.Conform.Checks.Data;
using Ferry.Conform.Checks.Dma;
using Ferry.Conform.Checks.Log;
using Ferry.Conform.Checks.States;

namespace Ferry.Conform;

/// <summary>All checks, in the order in which they run.</summary>
public static class CheckList
{
    /// <summary>What each checks.</summary>
    public static IReadOnlyList<CheckDescription> All { get; } = [.. Checks.Select(check => new CheckDescription(check.Name, check.Rule, check.Source))];

    internal static IReadOnlyList<ICheck> Checks =>
    [
        new CapabilitiesCheck(),
        new ArcsCheck(),
        new CombinationsCheck(),
        new RefusalsCheck(),
        new ResetCheck(),
        new ErrorStateCheck(),
        new DataStatesCheck(),
        new DataSessionsCheck(),
        new SaveRepeatsCheck(),
        new SizeEstimateCheck(),
        new PreCopyInitialCheck(),
        new PreCopyConvergesCheck(),
        new PreCopyInfoCheck(),
        new PreCopyEndCheck(),
        new PreCopySessionCheck(),
        new ResumeRestoresCheck(),
        new ResumePiecesCheck(),
        new ResumeCutCheck(),
        new ResumeAlteredCheck(),
        new DmaRunsCheck(),
        new StopSilenceCheck(),
        new P2PSilenceCheck(),
        new ResumeWorkCheck(),
        new LogLifecycleCheck(),
        new LogCompleteCheck(),
        new LogExactCheck(),
        new LogForgetsCheck(),
        new LogPageSizesCheck(),
        new LogReportSizesCheck(),
        new LogRangesCheck(),
        new LogRangeLimitsCheck(),
    ];
}
