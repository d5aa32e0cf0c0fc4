using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Policies;
using Ferry.Migration.Planning;
using Ferry.Tracking.Proof;

namespace Ferry.Cli.Hosting;

/// <summary>Plans migrations of a hosted machine.</summary>
internal static class Planning
{
    /// <summary>The plan that <paramref name="request"/> leads to.</summary>
    /// <exception cref="ControlException">None is safe; the message has every reason with its remedy.</exception>
    public static MigrationPlan Create(string machineName, IHostedMachine hosted, TrackerSelection trackers, MigrateRequest request)
    {
        if (request.CrossCheck && !trackers.CanCompare)
        {
            throw new ControlException(
                ControlErrors.Failed, "cross-check: no source has two exact trackers to compare; name them for it in a policy's 'with', with combine = \"union\"");
        }

        return MigrationPlanner.Plan(ToPlanRequest(hosted, trackers, request)) switch
        {
            PlanResult.Planned planned => planned.Plan,
            PlanResult.Refused refused => throw new ControlException(
                ControlErrors.Failed, $"the machine '{machineName}' can't be moved and runs on: {string.Join(" ", PlanText.Lines(refused.Refusals))}"),
            _ => throw new InvalidOperationException("The planner gave an unknown answer."),
        };
    }

    /// <summary>The destination's part of a plan: what its devices are taken through.</summary>
    /// <exception cref="ControlException">A device can't take state.</exception>
    public static MigrationPlan CreateArrival(IHostedMachine hosted) =>
        MigrationPlanner.Plan(new PlanRequest
        {
            Devices = [.. hosted.Machine.Devices.Select(device => new PlanDevice { Id = device.Id, Migration = device.Migration, Reaches = hosted.ReachOf(device.Id) })],
            Trackers = [],
            Tracking = false,
        }) switch
        {
            PlanResult.Planned planned => planned.Plan,
            PlanResult.Refused refused => throw new ControlException(
                ControlErrors.Failed, $"no machine can arrive here: {string.Join(" ", PlanText.Lines(refused.Refusals))}"),
            _ => throw new InvalidOperationException("The planner gave an unknown answer."),
        };

    /// <summary>The coverage proof and the sequence, or what stands in the way.</summary>
    public static PlanningDocument Describe(string machineName, IHostedMachine hosted, MigrateRequest request)
    {
        var trackers = hosted.SelectTrackers(request);
        var result = MigrationPlanner.Plan(ToPlanRequest(hosted, trackers, request));
        return new PlanningDocument(
            machineName,
            result is PlanResult.Planned,
            request.Tracking ? [.. trackers.Verdict.Lines.Select(line => Describe(line, trackers))] : [],
            request.Tracking ? [.. trackers.Skipped.Select(skipped => $"{skipped.Source}: {skipped}")] : [],
            result is PlanResult.Refused refused ? PlanText.Lines(refused.Refusals) : [],
            result is PlanResult.Planned planned ? PlanDocument.Of(planned.Plan) : null);
    }

    private static PlanRequest ToPlanRequest(IHostedMachine hosted, TrackerSelection trackers, MigrateRequest request) => new()
    {
        Devices =
        [
            .. hosted.Machine.Devices.Zip(trackers.Settings.Skip(1), (device, settings) => new PlanDevice
            {
                Id = device.Id,
                Migration = device.Migration,
                Reaches = hosted.ReachOf(device.Id),
                P2PSync = settings.ToSyncPolicy(),
                QuiesceEarly = settings.IsEarly,
            }),
        ],
        Trackers = trackers.Planned,
        Fallbacks = trackers.Fallbacks,
        Coverage = trackers.Verdict,
        Tracking = request.Tracking,
        PreCopy = request.PreCopy,
        Quiesce = request.Grace == PolicyChoices.Grace[0] ? QuiescePolicy.VcpusFirst : QuiescePolicy.DevicesFirst,
        Verify = request.Verify,
    };

    private static CoverageDocument Describe(CoverageLine line, TrackerSelection trackers) => new(
        line.Source.Id,
        line.Tracker,
        line.PageSize.Bytes,
        DocumentMapping.NameOf(line.Precision),
        line.RangeCount,
        line.ExtraBytes,
        line.IsRedundant,
        trackers.Fallbacks.FirstOrDefault(fallback => fallback.Sources.Contains(line.Source.Id))?.Name);
}
