using System.Text.Json;
using Ferry.Linux.Vfio;
using Ferry.Migration.Planning;
using Xunit;

namespace Ferry.Migration.Tests.Planning;

public sealed class PlanTextTests
{
    private const VfioMigrationFlags Everything = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    [Fact]
    public void A_plan_reads_from_top_to_bottom_with_the_states_of_the_header()
    {
        var plan = MigrationPlannerTests.Planned(MigrationPlannerTests.Request(
            MigrationPlannerTests.Device("nic", Everything), MigrationPlannerTests.Device("disk", VfioMigrationFlags.StopCopy)));
        Assert.Equal(
            """
            setup (source, once)
               1  start tracker all at 4K for vcpus, nic, disk
               2  mark every mapped page dirty
               3  nic: RUNNING -> PRE_COPY        [nic PRE_COPY, disk RUNNING, vCPUs run]
            round (source, repeated until it converges or a limit is hit)
               4  copy every dirty page
               5  nic: send what pre-copy data there is
               6  read and clear all trackers into the one bitmap
            last round (source, in place of a round once the switchover is expected after it)
               7  copy every dirty page
               8  nic: send what pre-copy data there is
               9  nic: PRE_COPY -> PRE_COPY_P2P   [nic PRE_COPY_P2P, disk RUNNING, vCPUs run]
              10  read and clear all trackers into the one bitmap
              11  nic: PRE_COPY_P2P -> PRE_COPY   [nic PRE_COPY, disk RUNNING, vCPUs run]
            switchover (source, once)
              12  stop the vCPUs                  [nic PRE_COPY, disk RUNNING, vCPUs stopped]
              13  nic: PRE_COPY -> PRE_COPY_P2P   [nic PRE_COPY_P2P, disk RUNNING, vCPUs stopped]
              14  nic: PRE_COPY_P2P -> STOP_COPY  [nic STOP_COPY, disk RUNNING, vCPUs stopped]
              15  disk: RUNNING -> STOP_COPY      [nic STOP_COPY, disk STOP_COPY, vCPUs stopped]
              16  read and clear all trackers into the one bitmap
              17  copy every dirty page
              18  stop tracker all
              19  nic: send the rest of its state
              20  disk: send the rest of its state
              21  send the state of the vCPUs
              22  ask the destination whether it holds the whole machine
              23  commit: the machine is the destination's
            load (destination, before commit)
              24  nic: RUNNING -> RESUMING        [nic RESUMING, disk RUNNING, vCPUs stopped]
              25  disk: RUNNING -> RESUMING       [nic RESUMING, disk RESUMING, vCPUs stopped]
              26  nic: load its state
              27  disk: load its state
              28  nic: RESUMING -> STOP           [nic STOP, disk RESUMING, vCPUs stopped]
              29  disk: RESUMING -> STOP          [nic STOP, disk STOP, vCPUs stopped]
              30  load the state of the vCPUs
            start (destination, after commit)
              31  nic: STOP -> RUNNING_P2P        [nic RUNNING_P2P, disk STOP, vCPUs stopped]
              32  disk: STOP -> RUNNING           [nic RUNNING_P2P, disk RUNNING, vCPUs stopped]
              33  nic: RUNNING_P2P -> RUNNING     [nic RUNNING, disk RUNNING, vCPUs stopped]
              34  start the vCPUs                 [nic RUNNING, disk RUNNING, vCPUs run]
            """.ReplaceLineEndings("\n"),
            string.Join('\n', PlanText.Lines(PlanDocument.Of(plan))));
    }

    [Fact]
    public void A_round_that_the_policy_doesnt_change_is_not_shown_twice()
    {
        var plan = MigrationPlannerTests.Planned(MigrationPlannerTests.Request(MigrationPlannerTests.Device("disk", VfioMigrationFlags.StopCopy)));
        Assert.Equal(["setup", "round", "switchover", "load", "start"], PlanDocument.Of(plan).Phases.Select(phase => phase.Name));
    }

    [Fact]
    public void A_refusal_says_what_and_why_and_what_helps()
    {
        var refused = Assert.IsType<PlanResult.Refused>(MigrationPlanner.Plan(MigrationPlannerTests.Request(
            MigrationPlannerTests.Device("nic", VfioMigrationFlags.None))));
        Assert.Equal(
            ["nic: it supports no migration. Take it out of the machine first (unplug it), or use a device or driver that can save its state."],
            PlanText.Lines(refused.Refusals));
    }

    [Fact]
    public void The_document_survives_json_with_generated_code()
    {
        var document = PlanDocument.Of(MigrationPlannerTests.Planned(MigrationPlannerTests.Request(MigrationPlannerTests.Device("nic", Everything))));
        var json = JsonSerializer.Serialize(document, PlanJson.Default.PlanDocument);
        Assert.Contains("\"From\":\"PRE_COPY\",\"To\":\"PRE_COPY_P2P\"", json, StringComparison.Ordinal);
        Assert.Equal(PlanText.Lines(document), PlanText.Lines(JsonSerializer.Deserialize(json, PlanJson.Default.PlanDocument)!));
    }

    [Fact]
    public void States_are_named_as_in_the_header()
    {
        Assert.Equal("STOP_COPY", VfioMigrationNames.Of(VfioDeviceState.StopCopy));
        Assert.Equal("9", VfioMigrationNames.Of((VfioDeviceState)9));
    }
}
