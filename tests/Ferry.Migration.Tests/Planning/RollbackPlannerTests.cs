using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;
using Xunit;
using static Ferry.Linux.Vfio.VfioDeviceState;
using Can = Ferry.Linux.Vfio.VfioMigrationFlags;

namespace Ferry.Migration.Tests.Planning;

public sealed class RollbackPlannerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void From_after_any_step_and_from_within_any_arc_the_source_comes_back(bool early)
    {
        foreach (var policy in PlanPropertyTests.Policies())
        {
            // What stops early is reached by none that runs on.
            var request = policy(
            [
                PlanPropertyTests.Device(0, Can.StopCopy | Can.P2P | Can.PreCopy, early ? ["c"] : ["b", "c"]),
                PlanPropertyTests.Device(1, Can.StopCopy | Can.PreCopy, "a") with { QuiesceEarly = early },
                PlanPropertyTests.Device(2, Can.StopCopy | Can.P2P, early ? ["a"] : ["a", "b"]),
            ]);
            var plan = MigrationPlannerTests.Planned(request);
            foreach (var run in PlanChecker.SourceRuns(plan))
            {
                for (var done = 0; done < run.Length; done++)
                {
                    AssertComesBack(request, plan, run[..done], null);
                    if (run[done] is PlanStep.DeviceArc arc
                        && VfioStateArcs.TryGetPath(arc.From, arc.To, request.Devices.Single(device => device.Id == arc.Device).Migration, out var path))
                    {
                        foreach (var state in path)
                        {
                            AssertComesBack(request, plan, run[..done], new PlanStep.DeviceArc(arc.Device, arc.From, state));
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void After_the_commit_there_is_no_way_back()
    {
        var plan = MigrationPlannerTests.Planned(MigrationPlannerTests.Request());
        Assert.Throws<InvalidOperationException>(() => RollbackPlanner.Plan(plan, [.. plan.Setup, .. plan.Switchover]));
    }

    [Fact]
    public void A_device_in_error_is_named_and_left_alone_while_the_others_come_back()
    {
        var plan = MigrationPlannerTests.Planned(MigrationPlannerTests.Request(
            MigrationPlannerTests.Device("nic", Can.StopCopy), MigrationPlannerTests.Device("disk", Can.StopCopy)));
        var pauseAndStop = plan.Switchover.Take(3);
        var rollback = RollbackPlanner.Plan(plan, [.. plan.Setup, .. pauseAndStop], new Dictionary<string, VfioDeviceState> { ["nic"] = Error });
        Assert.Equal(["nic"], rollback.Lost);
        Assert.Equal(
            [new PlanStep.DeviceArc("disk", StopCopy, Running), new PlanStep.ResumeVcpus(), new PlanStep.StopTracker("all")], rollback.Steps);
    }

    [Fact]
    public void A_state_of_a_device_that_the_plan_doesnt_have_is_refused()
    {
        var plan = MigrationPlannerTests.Planned(MigrationPlannerTests.Request());
        Assert.Throws<ArgumentException>(() => RollbackPlanner.Plan(plan, [], new Dictionary<string, VfioDeviceState> { ["nic"] = Running }));
    }

    private static void AssertComesBack(PlanRequest request, MigrationPlan plan, PlanStep[] done, PlanStep.DeviceArc? partial)
    {
        var violations = new List<string>();
        var source = new PlanModel(request, isDestination: false, violations);
        source.Run(done);
        if (partial is not null)
        {
            source.Run(partial);
        }

        var rollback = RollbackPlanner.Plan(
            plan, done, partial is null ? null : new Dictionary<string, VfioDeviceState> { [partial.Device] = partial.To });
        source.Run(rollback.Steps);
        Assert.True(
            violations.Count == 0 && rollback.Lost.Count == 0 && source is { VcpusRun: true, TrackersStarted: 0 } && source.States.Values.All(state => state == Running),
            $"{PlanPropertyTests.Describe(request)} after {done.LastOrDefault()} and {partial}: {string.Join(", ", source.States)}\n{string.Join('\n', violations)}");
    }
}
