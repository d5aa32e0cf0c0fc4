using Ferry.Conform.Tests.Defects;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>Each planted defect of transitions, reset and stopping is found, by the checks of the rule that it breaks and by no other.</summary>
public sealed class StateDefectTests
{
    /// <summary>Long enough for a writer of another thread to get its turn.</summary>
    private static readonly TimeSpan LongWatch = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void An_illegal_arc_that_is_accepted() =>
        Conformance.AssertFinds(new AcceptsIllegalArc(Conformance.Rnic()), "refusals", "STOP_COPY -> PRE_COPY was accepted");

    [Fact]
    public void A_single_arc_that_is_refused() => Conformance.AssertFinds(
        new RefusesTransition(Conformance.Rnic(), VfioDeviceState.PreCopyP2P, VfioDeviceState.RunningP2P), "arcs", "SET_STATE RUNNING_P2P was refused with errno 22");

    [Fact]
    public void A_combination_that_is_refused() => Conformance.AssertFinds(
        new RefusesTransition(Conformance.Rnic(), VfioDeviceState.PreCopy, VfioDeviceState.Resuming), "combinations", "SET_STATE RESUMING was refused");

    [Fact]
    public void A_combination_that_stops_halfway() =>
        Conformance.AssertFinds(new StopsHalfway(Conformance.Rnic()), "combinations", "the device is in RUNNING and not in STOP");

    [Fact]
    public void A_reset_that_leaves_the_state() =>
        Conformance.AssertFinds(new ResetKeepsState(Conformance.Rnic()), "reset", "the device is in PRE_COPY and not in RUNNING");

    [Fact]
    public void An_error_that_is_left_without_a_reset() => Conformance.AssertFinds(new LeavesError(Conformance.Rnic()), "error-state", "ERROR -> STOP was accepted");

    [Fact]
    public void Writes_to_another_device_in_a_P2P_state() => Conformance.AssertFinds(
        new SecretWriter(Conformance.Rnic(), toPeer: true, VfioDeviceState.RunningP2P, VfioDeviceState.PreCopyP2P), "p2p-silence", "of another device's region", watchTime: LongWatch);

    [Fact]
    public void Writes_to_another_device_before_the_destination_may_run() => Conformance.AssertFinds(
        new SecretWriter(Conformance.Rnic(), toPeer: true, from: VfioDeviceState.Stop, VfioDeviceState.RunningP2P), "p2p-silence", "in RUNNING_P2P it wrote 1 pages of another device's region", watchTime: LongWatch);

    [Fact]
    public void Writes_while_a_state_is_loaded() =>
        Conformance.AssertFinds(new SecretWriter(Conformance.Rnic(), toPeer: false, VfioDeviceState.Resuming), "stop-silence", "in RESUMING it wrote 1 pages", watchTime: LongWatch);

    [Fact]
    public void Writes_after_a_load_before_it_may_run() => Conformance.AssertFinds(
        new SecretWriter(Conformance.Rnic(), toPeer: false, from: VfioDeviceState.Resuming, VfioDeviceState.Stop), "resume-work", "in STOP after a load it wrote 1 pages", watchTime: LongWatch);

    [Fact]
    public void Writes_after_the_stop() =>
        Conformance.AssertFinds(new SecretWriter(Conformance.Rnic(), toPeer: false, VfioDeviceState.StopCopy), "stop-silence", "in STOP_COPY it wrote 1 pages of memory, the first at iova 0x40100000", watchTime: LongWatch);

    [Fact]
    public void A_flag_that_is_not_defined() =>
        Conformance.AssertFinds(new ClaimsUnknownFlag(Conformance.Rnic()), "capabilities", "its flags 0xf are more than the 0x7 that are defined");

    [Fact]
    public void A_device_that_does_not_run_again() =>
        Conformance.AssertFinds(new StaysStopped(Conformance.Rnic()), "dma-runs", "the device left 96 pieces of work undone", workTime: TimeSpan.FromSeconds(3));

    [Fact]
    public void Writes_after_a_reset()
    {
        var report = Conformance.Run(
            _ => new SecretWriter(Conformance.Rnic(), toPeer: false, VfioDeviceState.Running), "rnic", TimeSpan.FromSeconds(20), LongWatch, null, "reset");
        Assert.Contains("after a reset it wrote 1 pages of memory, the first at iova 0x40100000", report.Checks[0].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_that_takes_effect_late()
    {
        // So slow that work is left when it is told to stop.
        var slow = new Rnic(Conformance.Options with { RateBytesPerSecond = 16 << 20 });
        Conformance.AssertFinds(new StopsLate(slow), "stop-silence", "in STOP it wrote ", watchTime: LongWatch);
    }

    [Fact]
    public void A_state_that_is_left_when_it_is_asked_for_again() =>
        Conformance.AssertFinds(new LeavesWhenAskedAgain(Conformance.Rnic()), "refusals", "the device is in RUNNING and not in RUNNING_P2P");

    [Fact]
    public void Interrupts_after_the_stop() =>
        Conformance.AssertFinds(new SecretSignaller(Conformance.Rnic()), "stop-silence", "in STOP_COPY it raised ", watchTime: LongWatch);
}
