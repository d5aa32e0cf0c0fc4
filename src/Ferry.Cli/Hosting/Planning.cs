using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking.Proof;

namespace Ferry.Cli.Hosting;

/// <summary>Plans migrations of a hosted machine.</summary>
internal static class Planning
{
    /// <summary>The plan that <paramref name="request"/> leads to.</summary>
    /// <exception cref="ControlException">None is safe; the message has every reason with its remedy.</exception>
    public static MigrationPlan Create(string machineName, IHostedMachine hosted, TrackerSelection trackers, MigrateRequest request) =>
        MigrationPlanner.Plan(ToPlanRequest(hosted, trackers, request.Verify)) switch
        {
            PlanResult.Planned planned => planned.Plan,
            PlanResult.Refused refused => throw new ControlException(
                ControlErrors.Failed, $"the machine '{machineName}' can't be moved and runs on: {string.Join(" ", PlanText.Lines(refused.Refusals))}"),
            _ => throw new InvalidOperationException("The planner gave an unknown answer."),
        };

    /// <summary>The destination's part of a plan: what its devices are taken through.</summary>
    /// <exception cref="ControlException">A device can't take state.</exception>
    public static MigrationPlan CreateArrival(IHostedMachine hosted)
    {
        return MigrationPlanner.Plan(ToPlanRequest(hosted, new TrackerSelection(), verify: false) with { Tracking = false }) switch
        {
            PlanResult.Planned planned => planned.Plan,
            PlanResult.Refused refused => throw new ControlException(
                ControlErrors.Failed, $"no machine can arrive here: {string.Join(" ", PlanText.Lines(refused.Refusals))}"),
            _ => throw new InvalidOperationException("The planner gave an unknown answer."),
        };
    }

    /// <summary>The coverage proof and the sequence, or what stands in the way.</summary>
    public static PlanningDocument Describe(string machineName, IHostedMachine hosted, MigrateRequest request)
    {
        var trackers = hosted.SelectTrackers(request);
        var result = MigrationPlanner.Plan(ToPlanRequest(hosted, trackers, request.Verify));
        return new PlanningDocument(
            machineName,
            result is PlanResult.Planned,
            [.. (trackers.Verdict?.Lines ?? []).Select(Describe)],
            result is PlanResult.Refused refused ? PlanText.Lines(refused.Refusals) : [],
            result is PlanResult.Planned planned ? PlanDocument.Of(planned.Plan) : null);
    }

    private static PlanRequest ToPlanRequest(IHostedMachine hosted, TrackerSelection trackers, bool verify) => new()
    {
        Devices =
        [
            .. hosted.Machine.Devices.Select(device => new PlanDevice
            {
                Id = device.Id,
                Migration = device.Migration,
                LoggingPageSizes = LogPageSizesOf(device.Id, trackers),
            }),
        ],
        Trackers = trackers.Planned,
        Coverage = trackers.Verdict,
        Verify = verify,
    };

    private static IReadOnlyList<PageSize> LogPageSizesOf(string device, TrackerSelection trackers) =>
        trackers.Trackers.Values.Select(tracker => tracker.Coverage)
            .FirstOrDefault(coverage => coverage.Sources is [var source] && source.Id == device)?.PageSizes ?? [];

    private static CoverageDocument Describe(CoverageLine line) =>
        new(line.Source.Id, line.Tracker, line.PageSize.Bytes, DocumentMapping.NameOf(line.Precision), line.RangeCount, line.IsRedundant);
}
