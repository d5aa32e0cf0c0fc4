using Ferry.Conform.Stimuli;
using Ferry.Conform.Tests.Devices;
using Ferry.Conform.VfioUser;
using Ferry.Devices.Models;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Conform.Tests;

/// <summary>Runs the checks on a device of the tests.</summary>
internal static class Conformance
{
    private const int StateBytes = 256 << 10;

    // So fast that tests are short, and so slow that work is left when it is told to stop.
    private const long BytesPerSecond = 1 << 30;

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(20);

    /// <summary>Enough for devices that write nothing secretly.</summary>
    private static readonly TimeSpan ShortWatch = TimeSpan.FromMilliseconds(5);

    /// <summary>An rnic with a small state, so that saving and loading it often takes little time, and with a rate.</summary>
    public static RnicOptions Options { get; } = new() { DeviceStateBytes = StateBytes, RateBytesPerSecond = BytesPerSecond };

    public static Rnic Rnic() => new(Options);

    public static ConformReport Run(IVfioUserDevice device, string stimulus = "rnic", TimeSpan? watchTime = null, TimeSpan? workTime = null) =>
        Run(_ => device, stimulus, AnswerTime, watchTime, workTime);

    public static ConformReport Run(Func<CancellationTokenSource, IVfioUserDevice> make, string stimulus, TimeSpan answerTime, TimeSpan? watchTime = null, TimeSpan? workTime = null, params string[] only)
    {
        using var served = new ServedDevice(make);
        var options = new ConformOptions
        {
            Stimulus = StimulusNames.FactoryOf(stimulus),
            WorkTime = workTime ?? AnswerTime,
            WatchTime = watchTime ?? ShortWatch,
            Only = only.Length == 0 ? null : only,
        };
        return new ConformRun(new VfioUserConnector(served.SocketPath, answerTime), options).Run(TestContext.Current.CancellationToken);
    }

    /// <summary>Fails where another check failed than that one, or it says something else.</summary>
    public static void AssertFinds(IVfioUserDevice device, string check, string detail, string stimulus = "rnic", TimeSpan? watchTime = null, TimeSpan? workTime = null) =>
        AssertFinds(device, [check], detail, stimulus, watchTime, workTime);

    /// <summary>Fails where other checks failed than those, or the first says something else.</summary>
    public static void AssertFinds(IVfioUserDevice device, string[] checks, string detail, string stimulus = "rnic", TimeSpan? watchTime = null, TimeSpan? workTime = null)
    {
        var report = Run(device, stimulus, watchTime, workTime);
        Assert.True(checks.SequenceEqual(NamesOf(report, CheckOutcome.Failed)), Describe(report));
        Assert.Equal(0, report.Count(CheckOutcome.NotRun));
        Assert.False(report.Passed);
        var failed = report.Checks.First(each => each.Outcome == CheckOutcome.Failed);
        Assert.Contains(detail, failed.Detail, StringComparison.Ordinal);
        Assert.NotEmpty(failed.Commands);
    }

    public static IReadOnlyList<string> NamesOf(ConformReport report, CheckOutcome outcome) =>
        [.. report.Checks.Where(check => check.Outcome == outcome).Select(check => check.Name)];

    public static string Describe(ConformReport report) => string.Join(
        '\n', report.Checks.Select(check => $"{check.Name} {check.Outcome} {check.Elapsed.TotalSeconds:f2} {check.Detail}\n  {string.Join("\n  ", check.Commands)}"));
}
