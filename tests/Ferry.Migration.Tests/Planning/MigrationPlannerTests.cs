using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking;
using Ferry.Tracking.Proof;
using Xunit;
using static Ferry.Linux.Vfio.VfioMigrationFlags;

namespace Ferry.Migration.Tests.Planning;

public sealed class MigrationPlannerTests
{
    private const VfioMigrationFlags Everything = StopCopy | P2P | PreCopy;

    [Fact]
    public void Two_devices_without_p2p_that_reach_each_other_are_refused_by_name_and_with_a_remedy()
    {
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(Request(
            Device("disk", StopCopy | PreCopy, "nic"), Device("nic", StopCopy, "disk"), Device("gpu", Everything, "nic"))));
        var refusal = Assert.Single(refused.Refusals);
        Assert.Equal("disk, nic", refusal.Subject);
        Assert.Contains("P2P", refusal.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(refusal.Remedy);
    }

    [Fact]
    public void A_device_without_p2p_stops_before_the_peer_that_it_reaches()
    {
        var plan = Planned(Request(Device("target", StopCopy), Device("initiator", StopCopy, "target")));
        var stops = plan.Switchover.OfType<PlanStep.DeviceArc>().Select(arc => arc.Device);
        Assert.Equal(["initiator", "target"], stops);
    }

    [Fact]
    public void A_device_that_cannot_be_saved_is_refused()
    {
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(Request(Device("nic", None), Device("gpu", P2P | PreCopy))));
        Assert.Equal(["nic", "gpu"], refused.Refusals.Select(refusal => refusal.Subject));
    }

    [Fact]
    public void A_source_that_no_tracker_sees_is_refused_unless_tracking_is_off()
    {
        var request = Request(Device("nic", Everything)) with { Trackers = [new PlanTracker("kvm-log", ["vcpus"], PageSize.Size4K)] };
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(request));
        Assert.Equal("nic", Assert.Single(refused.Refusals).Subject);
        Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(request with { Tracking = false }));
    }

    [Fact]
    public void All_reasons_are_given_at_once()
    {
        var request = Request(Device("a", StopCopy, "b"), Device("b", StopCopy, "a", "moon"), Device("c", None)) with
        {
            Trackers = [new PlanTracker("log", ["vcpus", "d"], PageSize.Size4K), new PlanTracker("log", ["a"], PageSize.Size4K)],
        };
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(request));
        Assert.Equal(["b", "c", "a, b", "log", "log", "b", "c"], refused.Refusals.Select(refusal => refusal.Subject));
    }

    [Theory]
    [InlineData("a", "a")]
    [InlineData("a", "vcpus")]
    public void A_name_that_stands_for_two_sources_is_refused(string first, string second) =>
        Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(Request(Device(first, StopCopy), Device(second, StopCopy))));

    [Fact]
    public void A_device_that_logs_its_own_writes_is_pointed_to_that()
    {
        var nic = Device("nic", Everything) with { LoggingPageSizes = [PageSize.Size4K, PageSize.Size2M] };
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(Request(nic) with { Trackers = [] }));
        Assert.Contains("4K, 2M: assign device", refused.Refusals[1].Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_coverage_proof_refuses_is_refused_with_its_reason_and_only_once()
    {
        var nic = new DmaSource("nic");
        SourceRequirement[] requirements = [new(DmaSource.Vcpus, []), new(nic, [new IovaRange(new Iova(0), 1 << 20)])];
        var verdict = CoverageProof.Check(requirements, [], []);
        var request = Request(Device("nic", Everything)) with { Trackers = [new PlanTracker("log", ["vcpus"], PageSize.Size4K)], Coverage = verdict };
        var refusal = Assert.Single(Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(request)).Refusals);
        Assert.Equal(("nic", verdict.Refusals[0].Reason), (refusal.Subject, refusal.Reason));
        Assert.StartsWith("No tracker of this machine", refusal.Remedy, StringComparison.Ordinal);
        Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(request with { Tracking = false }));
    }

    internal static PlanDevice Device(string id, VfioMigrationFlags flags, params string[] reaches) =>
        new() { Id = id, Migration = flags, Reaches = reaches };

    internal static PlanRequest Request(params PlanDevice[] devices) => new()
    {
        Devices = devices,
        Trackers = [new PlanTracker("all", ["vcpus", .. devices.Select(device => device.Id)], PageSize.Size4K)],
    };

    internal static MigrationPlan Planned(PlanRequest request) => Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(request)).Plan;
}
