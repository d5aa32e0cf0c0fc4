using Ferry.Conform.Stimuli;
using Ferry.Conform.Tests.Defects;
using Ferry.Conform.Tests.Devices;
using Ferry.Conform.VfioUser;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>A device that hangs, dies or is slow is a failed check, never a run that hangs or a report that says nothing.</summary>
public sealed class LostDeviceTests
{
    private static readonly string[] Three = ["save-repeats", "size-estimate", "pre-copy-initial"];
    private static readonly TimeSpan LongAnswer = TimeSpan.FromSeconds(20);

    [Fact]
    public void A_device_that_never_answers_is_a_failed_check_and_the_rest_is_not_run()
    {
        var report = Conformance.Run(
            stop => new FailsAtEstimate(Conformance.Rnic(), () => stop.Token.WaitHandle.WaitOne()), "none", TimeSpan.FromSeconds(3), null, null, Three);
        Assert.Equal([CheckOutcome.Passed, CheckOutcome.Failed, CheckOutcome.NotRun], report.Checks.Select(check => check.Outcome));
        Assert.StartsWith("the device does not answer: ", report.Checks[1].Detail, StringComparison.Ordinal);
        Assert.Equal("GET MIG_DATA_SIZE -> no answer", report.Checks[1].Commands[^1]);
        Assert.StartsWith("the device was lost before: ", report.Checks[2].Detail, StringComparison.Ordinal);
        Assert.False(report.Passed);
    }

    [Fact]
    public void A_device_that_dies_is_a_failed_check_and_the_rest_is_not_run()
    {
        var report = Conformance.Run(stop => new FailsAtEstimate(Conformance.Rnic(), stop.Cancel), "none", LongAnswer, null, null, Three);
        Assert.Equal([CheckOutcome.Passed, CheckOutcome.Failed, CheckOutcome.NotRun], report.Checks.Select(check => check.Outcome));
        Assert.StartsWith("the device has gone: ", report.Checks[1].Detail, StringComparison.Ordinal);
        Assert.Equal("GET MIG_DATA_SIZE -> the connection ended", report.Checks[1].Commands[^1]);
    }

    [Fact]
    public void A_device_that_one_check_leaves_stuck_is_connected_to_again_for_the_next()
    {
        var report = Conformance.Run(_ => new StuckInStopCopy(Conformance.Rnic()), "none", LongAnswer, null, null, "arcs", "size-estimate", "pre-copy-initial", "resume-restores");
        Assert.Equal([CheckOutcome.Failed, CheckOutcome.Failed, CheckOutcome.Passed, CheckOutcome.Failed], report.Checks.Select(check => check.Outcome));
        Assert.All([report.Checks[0], report.Checks[1], report.Checks[3]], check => Assert.Equal("SET_STATE RUNNING was refused with errno 22, and must be accepted", check.Detail));
        var commands = report.Checks[3].Commands;
        Assert.Equal(["# load, and save again", "DEVICE_RESET -> refused, errno 22", "GET_STATE -> STOP_COPY", "SET_STATE RUNNING -> refused, errno 22"], commands.TakeLast(4));
        Assert.Contains("SET_STATE STOP_COPY -> ok", commands);
    }

    [Fact]
    public void A_check_that_takes_too_long_fails_and_the_next_one_runs()
    {
        using var served = new ServedDevice(_ => Conformance.Rnic());
        var options = new ConformOptions { CheckTime = TimeSpan.Zero, Only = ["arcs", "save-repeats"] };
        var report = new ConformRun(new VfioUserConnector(served.SocketPath, LongAnswer), options).Run(TestContext.Current.CancellationToken);
        Assert.All(report.Checks, check => Assert.StartsWith("the check's time of 0 s is over before ", check.Detail, StringComparison.Ordinal));
        Assert.All(report.Checks, check => Assert.Equal(CheckOutcome.Failed, check.Outcome));
    }

    [Fact]
    public void A_state_that_is_too_long_to_hold_is_said_to_be_so()
    {
        using var served = new ServedDevice(_ => Conformance.Rnic());
        var options = new ConformOptions { MaxStateBytes = 100_000, Only = ["save-repeats", "pre-copy-initial"] };
        var report = new ConformRun(new VfioUserConnector(served.SocketPath, LongAnswer), options).Run(TestContext.Current.CancellationToken);
        Assert.Equal([CheckOutcome.Passed, CheckOutcome.NotApplicable], report.Checks.Select(check => check.Outcome).Order());
        Assert.Equal("the device gave more than 100000 bytes of state, which is more than is held to compare", report.Checks[0].Detail);
    }

    [Fact]
    public void A_device_of_another_kind_than_the_stimulus_drives_fails_where_it_is_driven()
    {
        var report = Conformance.Run(_ => new CounterDevice(countsSaves: false), "rnic", LongAnswer, null, null, "dma-runs", "arcs");
        Assert.Equal([CheckOutcome.Passed, CheckOutcome.Failed], report.Checks.Select(check => check.Outcome));
        Assert.Contains("is no rnic: ID reads 0x00000000", report.Checks[1].Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_does_not_write_fails_instead_of_passing_for_silent()
    {
        using var served = new ServedDevice(_ => new Ferry.Devices.Models.Rnic(Conformance.Options with { RateBytesPerSecond = 0 }));
        var options = new ConformOptions { Stimulus = StimulusNames.FactoryOf("rnic"), WorkTime = TimeSpan.FromMilliseconds(100), Only = ["dma-runs", "stop-silence"] };
        var report = new ConformRun(new VfioUserConnector(served.SocketPath, LongAnswer), options).Run(TestContext.Current.CancellationToken);
        Assert.All(report.Checks, check => Assert.Contains("left 96 pieces of work undone", check.Detail, StringComparison.Ordinal));
    }

    [Fact]
    public void Where_nobody_listens_there_is_no_report()
    {
        var run = new ConformRun(new VfioUserConnector(Path.Combine(Path.GetTempPath(), "ferry-nobody.sock"), LongAnswer), new ConformOptions());
        var e = Assert.Throws<DeviceFaultException>(() => run.Run(TestContext.Current.CancellationToken));
        Assert.Equal(DeviceFault.Gone, e.Fault);
    }

    [Fact]
    public void An_unknown_check_is_refused() => Assert.Throws<ArgumentException>(
        () => new ConformRun(new VfioUserConnector("nowhere", LongAnswer), new ConformOptions { Only = ["arc"] }).Run(TestContext.Current.CancellationToken));

    [Fact]
    public void A_failure_shows_the_commands_that_lead_to_it()
    {
        var report = Conformance.Run(_ => new AcceptsIllegalArc(Conformance.Rnic()), "none", LongAnswer, null, null, "refusals");
        var commands = report.Checks[0].Commands;
        Assert.StartsWith("connect to ", commands[0], StringComparison.Ordinal);
        Assert.Equal(
            [
                "# STOP_COPY -> PRE_COPY", "DEVICE_RESET -> ok", "GET_STATE -> RUNNING",
                "SET_STATE RUNNING_P2P -> ok", "GET_STATE -> RUNNING_P2P",
                "SET_STATE STOP -> ok", "GET_STATE -> STOP",
                "SET_STATE STOP_COPY -> ok", "GET_STATE -> STOP_COPY",
                "SET_STATE PRE_COPY -> ok",
            ],
            commands.SkipWhile(line => line != "# STOP_COPY -> PRE_COPY"));
    }

    [Fact]
    public void Each_check_has_a_name_of_its_own_and_says_its_rule()
    {
        Assert.Equal(CheckList.All.Count, CheckList.All.DistinctBy(check => check.Name).Count());
        Assert.All(CheckList.All, check => Assert.True(check.Rule.EndsWith('.') && check.Source.Length > 0, check.Name));
    }
}
