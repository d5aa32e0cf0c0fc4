using Ferry.Conform;
using Ferry.Conform.Kernel;
using Ferry.Conform.Stimuli;
using Outcome = Ferry.Conform.CheckOutcome;

namespace Ferry.Lab.Devices;

/// <summary>Runs the checks of <c>ferry conform</c> on a kernel device.</summary>
internal static class Conformance
{
    /// <summary>What drives the lab's test device.</summary>
    public const string RnicStimulus = "rnic";

    /// <summary>At what rate it works: so slow that work is left when it is told to stop.</summary>
    public const ulong RnicBytesPerSecond = 128 << 20;

    // Everything here is emulated.
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WorkTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchTime = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs them, and tells on the console what failed with the calls that lead to it.</summary>
    /// <param name="context">The lab's check.</param>
    /// <param name="device">The device.</param>
    /// <param name="access">How it is opened.</param>
    /// <param name="stimulus">The name of what drives it.</param>
    /// <param name="only">Which checks; all where there is none.</param>
    public static ConformReport Run(LabContext context, MediatedDevice device, KernelAccess access, string stimulus, params string[] only)
    {
        var options = new ConformOptions
        {
            Only = only.Length == 0 ? null : only,
            Stimulus = StimulusNames.FactoryOf(stimulus),
            WorkTime = WorkTime,
            WatchTime = WatchTime,
            MemoryBytes = ConformOptions.LeastMemoryBytes,
        };
        var report = new ConformRun(new KernelConnector(Path.GetFileName(device.Folder), access, AnswerTime), options).Run(CancellationToken.None);
        context.Log($"{report.Device} by {access}: {report.Count(Outcome.Passed)} passed in {report.Elapsed.TotalSeconds:F1} s");
        foreach (var check in report.Checks)
        {
            context.Log($"{check.Name}: {check.Outcome}, {check.Elapsed.TotalMilliseconds:F0} ms: {check.Detail}");
            foreach (var command in check.Commands)
            {
                context.Log($"    {command}");
            }
        }

        return report;
    }

    /// <summary>Fails where other checks failed than those.</summary>
    public static void RequireFailed(ConformReport report, IReadOnlyList<string> expected)
    {
        var difference = DescribeDifference(report, expected, []);
        LabContext.Require(difference is null, difference ?? "");
    }

    /// <summary>Tells what failed where that is something else than those checks, beside some that may fail; null where it is those.</summary>
    public static string? DescribeDifference(ConformReport report, IReadOnlyList<string> expected, IReadOnlyList<string> allowed)
    {
        var failed = report.Checks.Where(check => check.Outcome is Outcome.Failed or Outcome.NotRun).ToList();
        return failed.Select(check => check.Name).Except(allowed).SequenceEqual(expected) ? null
            : $"'{string.Join(", ", expected)}' must fail, and these did: {string.Join("; ", failed.Select(check => $"{check.Name}: {check.Detail}"))}";
    }
}
