using Ferry.Conform.Tests.Defects;
using Ferry.Conform.Tests.Devices;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>Each planted defect of the state that is saved and loaded is found, by the checks of the rule that it breaks and by no other.</summary>
public sealed class DataDefectTests
{
    [Fact]
    public void A_session_that_is_lost_between_saving_states() =>
        Conformance.AssertFinds(new LosesSession(Conformance.Rnic()), "pre-copy-session", "must be accepted");

    [Fact]
    public void An_estimate_that_is_far_off() => Conformance.AssertFinds(new EstimatesTooMuch(Conformance.Rnic()), "size-estimate", "in RUNNING the estimate is");

    [Fact]
    public void A_pre_copy_without_initial_data() => Conformance.AssertFinds(new SilentPreCopy(Conformance.Rnic()), "pre-copy-initial", "PRE_COPY begins without data");

    [Fact]
    public void A_pre_copy_without_an_end() =>
        Conformance.AssertFinds(new RestlessPreCopy(new CounterDevice(countsSaves: false)), "pre-copy-converges", "without an end", stimulus: "none");

    [Fact]
    public void A_state_that_differs_on_repetition() =>
        Conformance.AssertFinds(new CounterDevice(countsSaves: true), "save-repeats", "the second stream", stimulus: "none");

    [Fact]
    public void Cut_data_that_is_accepted() => Conformance.AssertFinds(new AcceptsCut(Conformance.Rnic()), "resume-cut", "a stream cut to 0 of");

    [Fact]
    public void Cut_data_that_is_accepted_where_the_device_walks_on_by_itself() =>
        Conformance.AssertFinds(new AcceptsCutOnTheWay(Conformance.Rnic()), "resume-cut", "was accepted: RESUMING -> RUNNING succeeded");

    [Fact]
    public void Data_behind_the_end_that_is_accepted() =>
        Conformance.AssertFinds(new IgnoresTail(Conformance.Rnic()), "resume-altered", "a byte behind the end of the stream of ");

    [Fact]
    public void An_estimate_that_is_missing_in_a_state() =>
        Conformance.AssertFinds(new EstimatesNotInP2P(Conformance.Rnic()), "size-estimate", "and none in RUNNING_P2P, PRE_COPY_P2P");

    [Fact]
    public void Altered_data_that_is_accepted() => Conformance.AssertFinds(new AcceptsAltered(Conformance.Rnic()), "resume-altered", "a bit of byte 0 turned over was accepted");

    [Fact]
    public void Data_that_must_come_in_large_pieces() =>
        Conformance.AssertFinds(new NeedsLargePieces(new CounterDevice(countsSaves: false)), ["resume-pieces"], "WRITE_DATA 1 was refused", stimulus: "none");

    [Fact]
    public void A_state_that_is_taken_and_forgotten() =>
        Conformance.AssertFinds(new ForgetsState(Conformance.Rnic()), ["resume-restores", "resume-work"], "the stream saved after loading");

    [Fact]
    public void A_data_channel_that_is_closed_in_a_saving_state() => Conformance.AssertFinds(
        new ClosedInP2P(Conformance.Rnic()), ["data-states", "pre-copy-initial", "pre-copy-session"], "reading in PRE_COPY_P2P was refused");
}
