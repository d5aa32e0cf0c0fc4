using Ferry.Conform.Kernel;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Conform.Tests.Kernel;

/// <summary>What differs of a kernel's interface, on a model of a driver's answers: each planted defect is found by the checks of the rule that it
/// breaks and by no other.</summary>
public sealed class KernelDefectTests
{
    [Fact]
    public void A_driver_without_a_defect_passes()
    {
        var report = Run(new ModelDevice());
        Assert.True(report.Passed, Conformance.Describe(report));
        Assert.Equal(
            ["dma-runs", "stop-silence", "p2p-silence", "resume-work", "log-complete", "log-exact", "log-forgets", "log-report-sizes", "log-ranges"],
            Conformance.NamesOf(report, CheckOutcome.NotApplicable));
    }

    [Fact]
    public void A_reset_that_is_not_announced() => AssertFinds(
        new ModelDevice { SaysReset = false }, "capabilities", "VFIO_DEVICE_GET_INFO does not say so");

    [Fact]
    public void A_session_that_is_not_given() => AssertFinds(
        new ModelDevice { Opens = (from, to) => ModelDevice.OpensByRule(from, to) && (from, to) != (VfioDeviceState.RunningP2P, VfioDeviceState.PreCopyP2P) },
        "data-sessions",
        "RUNNING -> PRE_COPY_P2P gave no file of a data session",
        others: ["data-states", "pre-copy-initial", "pre-copy-info", "pre-copy-end"]);

    [Fact]
    public void A_session_that_is_given_twice() => AssertFinds(
        new ModelDevice { Opens = (from, to) => ModelDevice.OpensByRule(from, to) || (from, to) == (VfioDeviceState.PreCopyP2P, VfioDeviceState.StopCopy) },
        "data-sessions",
        "PRE_COPY -> STOP_COPY gave a file of a data session");

    [Fact]
    public void A_session_that_outlives_its_states() => AssertFinds(
        new ModelDevice { KeepsEndedSessions = true }, "reset", "the data channel is still open", others: ["data-states", "error-state"]);

    [Fact]
    public void A_temporary_end_that_looks_like_the_last() => AssertFinds(
        new ModelDevice { EndsByNothing = true }, "pre-copy-end", "the temporary end in PRE_COPY is a read of 0 bytes, and not ENOMSG");

    [Fact]
    public void A_last_end_that_looks_temporary() => AssertFinds(new ModelDevice { NeverEnds = true }, "pre-copy-end", "the end of STOP_COPY is ENOMSG");

    [Fact]
    public void Sizes_of_pre_copy_in_every_state() => AssertFinds(
        new ModelDevice { InfoEverywhere = true }, "pre-copy-info", "VFIO_MIG_GET_PRECOPY_INFO is answered in STOP_COPY");

    [Fact]
    public void Sizes_of_pre_copy_that_begin_with_nothing() => AssertFinds(
        new ModelDevice { Info = info => info with { InitialBytes = 0 } }, "pre-copy-info", "PRE_COPY begins with initial_bytes 0");

    [Fact]
    public void Sizes_of_pre_copy_that_begin_with_changes() => AssertFinds(
        new ModelDevice { Info = info => info with { DirtyBytes = 7 } }, "pre-copy-info", "PRE_COPY begins with dirty_bytes 7");

    [Fact]
    public void Sizes_of_pre_copy_that_do_not_fall() => AssertFinds(
        new ModelDevice { Info = _ => new(ModelDevice.PreCopyBytes, 0) }, "pre-copy-info", "initial_bytes was 1000, and is 1000 after 500 bytes were read");

    [Fact]
    public void Sizes_of_pre_copy_that_are_not_zero_at_the_end() => AssertFinds(
        new ModelDevice { Info = info => info with { InitialBytes = info.InitialBytes + 1 } }, "pre-copy-info", "initial_bytes is 1 and dirty_bytes 0 after the temporary end");

    [Fact]
    public void Sizes_of_pre_copy_that_are_far_off() => AssertFinds(
        new ModelDevice { Info = info => info with { InitialBytes = info.InitialBytes << 10 } }, "pre-copy-info", "initial_bytes was 1024000 and 1000 bytes came");

    [Fact]
    public void A_report_beyond_the_bitmap() => AssertFinds(
        new ModelDevice { ReportsBeyond = true },
        "log-lifecycle",
        "the answer is malformed: the bitmap of 4096 pages has pages set beyond them",
        others: ["log-page-sizes", "log-range-limits"]);

    [Fact]
    public void A_failure_shows_the_calls_that_lead_to_it()
    {
        var report = Run(new ModelDevice { EndsByNothing = true }, "pre-copy-end");
        Assert.Equal(
            [
                "open a model",
                "VFIO_DEVICE_GET_INFO, VFIO_DEVICE_FEATURE GET MIGRATION, PROBE DMA_LOGGING_START, _STOP, _REPORT -> migration StopCopy, P2P, PreCopy, DMA log Exact, reset",
                "MAP 0x40000000-0x40ffffff read write -> ok",
                "MAP 0x200000000-0x2001fffff read write -> ok",
                "# the ends of the data in PRE_COPY and STOP_COPY",
                "VFIO_DEVICE_RESET -> ok",
                "VFIO_DEVICE_FEATURE GET MIG_DEVICE_STATE -> RUNNING",
                "VFIO_DEVICE_FEATURE SET MIG_DEVICE_STATE PRE_COPY -> ok, a data session is open",
                "VFIO_DEVICE_FEATURE GET MIG_DEVICE_STATE -> PRE_COPY",
                "read(data_fd, 262144) -> 1000 bytes",
                "read(data_fd, 262144) -> 0 bytes",
            ],
            report.Checks[0].Commands);
    }

    private static ConformReport Run(ModelDevice device, params string[] only)
    {
        var connector = new KernelConnector("a model", () => device, TimeSpan.FromSeconds(20));
        var report = new ConformRun(connector, new ConformOptions { Only = only.Length == 0 ? null : only }).Run(TestContext.Current.CancellationToken);
        Assert.True(device.IsDisposed);
        return report;
    }

    private static void AssertFinds(ModelDevice device, string check, string detail, params string[] others)
    {
        var report = Run(device);
        Assert.True(
            others.Append(check).Order().SequenceEqual(Conformance.NamesOf(report, CheckOutcome.Failed).Order()) && report.Count(CheckOutcome.NotRun) == 0, Conformance.Describe(report));
        Assert.Contains(detail, report.Checks.Single(each => each.Name == check).Detail, StringComparison.Ordinal);
    }
}
