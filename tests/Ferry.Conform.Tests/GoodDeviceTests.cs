using Ferry.Conform.Tests.Devices;
using Ferry.Devices.Dma;
using Ferry.Devices.Models;
using Ferry.Memory;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>A device without a defect passes, whatever it lacks.</summary>
public sealed class GoodDeviceTests
{
    private static readonly string[] Logs =
        ["log-lifecycle", "log-complete", "log-exact", "log-forgets", "log-page-sizes", "log-report-sizes", "log-ranges", "log-range-limits"];

    private static readonly string[] PreCopies = ["pre-copy-initial", "pre-copy-converges", "pre-copy-session"];

    /// <summary>What is about files of data sessions, which vfio-user does not have.</summary>
    private static readonly string[] Files = ["data-sessions", "pre-copy-info", "pre-copy-end"];

    [Fact]
    public void A_whole_rnic_passes_every_check() => AssertPasses(Conformance.Options);

    [Fact]
    public void An_rnic_without_P2P_passes() => AssertPasses(Conformance.Options with { P2P = false }, "p2p-silence");

    [Fact]
    public void An_rnic_without_pre_copy_passes() => AssertPasses(Conformance.Options with { PreCopy = false }, PreCopies);

    [Fact]
    public void An_rnic_without_a_log_passes() => AssertPasses(Conformance.Options with { DmaLogging = false }, Logs);

    [Fact]
    public void An_rnic_that_pins_passes() => AssertPasses(Conformance.Options with { LogMode = DmaLogMode.Pinned }, "log-exact", "log-forgets");

    [Fact]
    public void An_rnic_that_logs_large_pages_alone_passes() => AssertPasses(Conformance.Options with { LogPageSizes = [PageSize.Size2M], LogMaxRanges = 3 });

    [Fact]
    public void An_rnic_of_large_messages_at_a_rate_passes() =>
        AssertPasses(Conformance.Options with { MessageBytes = 128 << 10, RateBytesPerSecond = 512 << 20 });

    [Fact]
    public void An_rnic_without_a_large_state_passes() => AssertPasses(Conformance.Options with { DeviceStateBytes = 0 });

    [Fact]
    public void Without_a_stimulus_what_needs_DMA_is_not_applicable()
    {
        var report = Conformance.Run(Conformance.Rnic(), "none");
        Assert.True(report.Passed, Conformance.Describe(report));
        Assert.Equal(
            [.. Files, "dma-runs", "stop-silence", "p2p-silence", "resume-work", "log-complete", "log-exact", "log-forgets", "log-report-sizes", "log-ranges"],
            Conformance.NamesOf(report, CheckOutcome.NotApplicable));
    }

    [Fact]
    public void Without_migration_only_reset_and_the_log_are_checked()
    {
        var report = Conformance.Run(new Immovable(Conformance.Rnic()));
        Assert.True(report.Passed, Conformance.Describe(report));
        Assert.Equal(["capabilities", "reset", "dma-runs", .. Logs], Conformance.NamesOf(report, CheckOutcome.Passed));
    }

    private static void AssertPasses(RnicOptions options, params string[] notApplicable)
    {
        var report = Conformance.Run(new Rnic(options));
        Assert.True(report.Passed, Conformance.Describe(report));
        Assert.Equal([.. Files.Concat(notApplicable).Order()], Conformance.NamesOf(report, CheckOutcome.NotApplicable).Order());
        TestContext.Current.TestOutputHelper?.WriteLine(Conformance.Describe(report));
    }
}
