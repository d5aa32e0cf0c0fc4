using Ferry.Conform.Tests.Defects;
using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>Each planted defect is found, by the check of the rule that it breaks and by no other.</summary>
public sealed class DefectTests
{
    [Fact]
    public void An_illegal_arc_that_is_accepted() =>
        AssertFinds(new AcceptsIllegalArc(Conformance.Rnic()), "refusals", "STOP_COPY -> PRE_COPY was accepted");

    [Fact]
    public void A_single_arc_that_is_refused() => AssertFinds(
        new RefusesTransition(Conformance.Rnic(), VfioDeviceState.PreCopyP2P, VfioDeviceState.RunningP2P), "arcs", "SET_STATE RUNNING_P2P was refused with errno 22");

    [Fact]
    public void A_combination_that_is_refused() => AssertFinds(
        new RefusesTransition(Conformance.Rnic(), VfioDeviceState.PreCopy, VfioDeviceState.Resuming), "combinations", "SET_STATE RESUMING was refused");

    [Fact]
    public void A_combination_that_stops_halfway() =>
        AssertFinds(new StopsHalfway(Conformance.Rnic()), "combinations", "the device is in RUNNING and not in STOP");

    [Fact]
    public void A_reset_that_leaves_the_state() =>
        AssertFinds(new ResetKeepsState(Conformance.Rnic()), "reset", "the device is in PRE_COPY and not in RUNNING");

    [Fact]
    public void An_error_that_is_left_without_a_reset() => AssertFinds(new LeavesError(Conformance.Rnic()), "error-state", "ERROR -> RUNNING was accepted");

    [Fact]
    public void A_session_that_is_lost_between_saving_states() =>
        AssertFinds(new LosesSession(Conformance.Rnic()), "pre-copy-session", "must be accepted");

    [Fact]
    public void An_estimate_that_is_far_off() => AssertFinds(new EstimatesTooMuch(Conformance.Rnic()), "size-estimate", "in RUNNING the estimate is");

    [Fact]
    public void A_pre_copy_without_initial_data() => AssertFinds(new SilentPreCopy(Conformance.Rnic()), "pre-copy-initial", "PRE_COPY begins without data");

    [Fact]
    public void A_pre_copy_without_an_end() =>
        AssertFinds(new RestlessPreCopy(new CounterDevice(countsSaves: false)), "pre-copy-converges", "without an end", stimulus: "none");

    [Fact]
    public void A_state_that_differs_on_repetition() =>
        AssertFinds(new CounterDevice(countsSaves: true), "save-repeats", "the second stream", stimulus: "none");

    [Fact]
    public void Cut_data_that_is_accepted() => AssertFinds(new AcceptsCut(Conformance.Rnic()), "resume-cut", "a stream cut to 0 of");

    [Fact]
    public void Altered_data_that_is_accepted() => AssertFinds(new AcceptsAltered(Conformance.Rnic()), "resume-altered", "a bit of byte 0 turned over was accepted");

    [Fact]
    public void Data_that_must_come_in_large_pieces() =>
        AssertFinds(new NeedsLargePieces(new CounterDevice(countsSaves: false)), ["resume-pieces"], "WRITE_DATA 1 was refused", stimulus: "none");

    [Fact]
    public void A_state_that_is_taken_and_forgotten() =>
        AssertFinds(new ForgetsState(Conformance.Rnic()), ["resume-restores", "resume-work"], "the stream saved after loading");

    [Fact]
    public void Writes_to_another_device_in_a_P2P_state() => AssertFinds(
        new SecretWriter(Conformance.Rnic(), toPeer: true, VfioDeviceState.RunningP2P, VfioDeviceState.PreCopyP2P), "p2p-silence", "of another device's region");

    [Fact]
    public void Writes_after_the_stop() =>
        AssertFinds(new SecretWriter(Conformance.Rnic(), toPeer: false, VfioDeviceState.StopCopy), "stop-silence", "in STOP_COPY it wrote 1 pages of memory, the first at iova 0x40100000");

    [Fact]
    public void A_log_that_forgets_pages() => AssertFinds(
        new ForgetsPages(Conformance.Rnic()), ["log-complete", "log-report-sizes", "log-ranges"], "was written and is not reported at 4K");

    [Fact]
    public void A_log_that_reports_a_page_only_once() => AssertFinds(new ReportsOnce(Conformance.Rnic()), "log-complete", "was written and is not reported");

    [Fact]
    public void A_log_that_reports_pages_that_were_not_written() => AssertFinds(new ReportsNeighbours(Conformance.Rnic()), "log-exact", "is reported and was not written");

    [Fact]
    public void A_log_that_does_not_forget() => AssertFinds(new NeverForgets(Conformance.Rnic()), "log-forgets", "pages are reported again at once");

    [Fact]
    public void A_log_that_reports_beyond_the_range() => AssertFinds(new ReportsBeyond(Conformance.Rnic()), "log-ranges", "has pages set beyond them");

    [Fact]
    public void A_log_of_the_first_range_alone() => AssertFinds(new LogsFirstRange(Conformance.Rnic()), "log-ranges", "was written and is not reported");

    [Fact]
    public void A_log_that_does_not_begin_empty() => AssertFinds(new KeepsOldPages(Conformance.Rnic()), "log-lifecycle", "that were written before the second START");

    [Fact]
    public void A_page_size_that_is_claimed_and_refused() => AssertFinds(new ClaimsPageSize(Conformance.Rnic()), "log-page-sizes", "DMA_LOGGING_START 8K");

    [Fact]
    public void A_page_size_that_is_not_reported_at() =>
        AssertFinds(new ReportsOneSize(Conformance.Rnic(), PageSize.Size2M), "log-report-sizes", "DMA_LOGGING_REPORT 0x40000000-0x40ffffff 2M was refused");

    private static void AssertFinds(IVfioUserDevice device, string check, string detail, string stimulus = "rnic") => AssertFinds(device, [check], detail, stimulus);

    private static void AssertFinds(IVfioUserDevice device, string[] checks, string detail, string stimulus = "rnic")
    {
        var report = Conformance.Run(device, stimulus);
        Assert.True(checks.SequenceEqual(Conformance.NamesOf(report, CheckOutcome.Failed)), Conformance.Describe(report));
        Assert.Equal(0, report.Count(CheckOutcome.NotRun));
        Assert.False(report.Passed);
        var failed = report.Checks.First(each => each.Outcome == CheckOutcome.Failed);
        Assert.Contains(detail, failed.Detail, StringComparison.Ordinal);
        Assert.NotEmpty(failed.Commands);
    }
}
