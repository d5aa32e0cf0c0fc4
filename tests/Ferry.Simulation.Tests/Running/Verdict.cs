using Ferry.Memory;
using Ferry.Migration.Reports;
using Ferry.Simulation.Tests.Machines;

namespace Ferry.Simulation.Tests.Running;

/// <summary>The rules that every run has to keep.</summary>
internal static class Verdict
{
    private const int PageBytes = 4096;

    /// <summary>At any moment at most one machine executes.</summary>
    public static void CheckNow(SimRun run)
    {
        if (run.Source.Executes && run.Destination.Executes)
        {
            throw new InvalidOperationException("Both machines execute.");
        }
    }

    /// <summary>When the destination starts, it is what the source was when it stopped.</summary>
    public static void CheckArrival(SimRun run)
    {
        if (run.DestinationHost.IsDead)
        {
            return;
        }

        // A source that was killed wrote nothing after.
        var wrong = run.Source.Executes ? "The destination starts while the source executes." : CompareMemory(run.Destination, run.Source.Log, "the destination's memory at its start");
        wrong ??= run.Destination.Vcpu == run.Source.Vcpu ? null : $"The vCPU knows {run.Destination.Vcpu} there, {run.Source.Vcpu} here.";
        foreach (var (there, here) in run.Destination.SimDevices.Zip(run.Source.SimDevices))
        {
            wrong ??= there.Content.AsSpan().SequenceEqual(here.Content)
                ? null
                : $"Device {here.Id} differs from byte {there.Content.AsSpan().CommonPrefixLength(here.Content)} of {here.Content.Length} on.";
        }

        // Not by an exception, which the engine would take for a failed start.
        if (wrong is not null)
        {
            run.SourceHost.Scheduler.Break(wrong);
        }

        // From here on it writes a log of its own, on top of what came.
        var log = new WriteLog();
        foreach (var write in run.Source.Log.Writes)
        {
            log.Add(write);
        }

        run.Destination.Log = log;
    }

    /// <summary>What both sides say is so, and who runs, runs whole.</summary>
    /// <returns>What is not, or null.</returns>
    public static string? Of(SimRun run)
    {
        var source = run.SourceHost.IsDead ? null : run.SourceReport;
        var destination = run.DestinationHost.IsDead ? null : run.DestinationReport;
        if (source is null && !run.SourceHost.IsDead || destination is null && !run.DestinationHost.IsDead)
        {
            return "An engine ended without a report.";
        }

        var failure = source is null ? null : OfSource(run, source);
        failure ??= destination is null ? null : OfDestination(run, destination);
        if (failure is not null || source is null || destination is null)
        {
            return failure;
        }

        if (source.Outcome == MigrationOutcome.Completed && destination.Outcome != ReceiveOutcome.Running)
        {
            return $"The source says that it completed, the destination {destination.Outcome}.";
        }

        if (source.Outcome == MigrationOutcome.RolledBack && destination.Outcome == ReceiveOutcome.Running)
        {
            return "The source took the machine back, and the destination runs it.";
        }

        if (run.Scenario.IsFaultless && source.Outcome != MigrationOutcome.Completed && source.Failure != FailureKind.NotConverged)
        {
            return "Nothing was wrong, and it did not complete.";
        }

        var saysSo = source.Outcome == MigrationOutcome.InDoubt || source.Reason.AsSpan().Contains("But not as before", StringComparison.Ordinal);
        return !run.Source.Executes && !run.Destination.Executes && !saysSo ? "Neither machine runs, and the source is not in doubt." : null;
    }

    /// <summary>Where both found each other again, exactly one runs.</summary>
    public static string? AfterSettling(SimRun run)
    {
        if (Of(run) is { } failure)
        {
            return failure;
        }

        // One that was told to start, and whose device took longer than the source waits for an answer: it runs there, and the source says that it is
        // in doubt until an operator tells it.
        if (run.DestinationReport!.Outcome == ReceiveOutcome.Running && run.Scenario.Devices.Any(device => device.DestinationFault == DeviceFault.Slow))
        {
            return null;
        }

        return run.SourceReport!.Outcome == MigrationOutcome.InDoubt && !run.DestinationReport!.Reason.AsSpan().Contains("could not be started", StringComparison.Ordinal)
            ? "Both sides could talk again, and are in doubt still."
            : null;
    }

    public static string Describe(SimRun run) =>
        $"source {(run.SourceHost.IsDead ? "killed" : run.SourceReport?.Outcome)} ({run.SourceReport?.Reason}), destination {(run.DestinationHost.IsDead ? "killed" : run.DestinationReport?.Outcome)} ({run.DestinationReport?.Reason})";

    private static string? OfSource(SimRun run, MigrationReport report)
    {
        if (report.Outcome != MigrationOutcome.RolledBack)
        {
            return run.Source.Executes ? $"The source says {report.Outcome} and executes." : CompareMemory(run.Source, run.Source.Log, "the source's memory") ?? TrackersOf(run);
        }

        var isWhole = run.Source.RunsWhole && run.Source.Throttle == 0;
        if (!isWhole && !(run.Scenario.MayLoseSource && report.Reason!.Contains("But not as before", StringComparison.Ordinal)))
        {
            var states = string.Join(", ", run.Source.SimDevices.Select(device => $"{device.Id} in {device.State}"));
            return $"The source took the machine back, and it does not run as before: vCPUs {(run.Source.VcpusRun ? "run" : "stand")}, throttle {run.Source.Throttle}, {states}.";
        }

        return CompareMemory(run.Source, run.Source.Log, "the source's memory after the rollback") ?? TrackersOf(run);
    }

    private static string? TrackersOf(SimRun run) =>
        run.Trackers.FirstOrDefault(tracker => tracker.IsStarted) is { } tracker ? $"Tracker {tracker.Name} is still started." : null;

    private static string? OfDestination(SimRun run, ReceiveReport report)
    {
        switch (report.Outcome)
        {
            case ReceiveOutcome.Running when !run.Destination.RunsWhole:
                return "The destination says that it runs, and not all of it does.";
            case ReceiveOutcome.Running:
                return CompareMemory(run.Destination, run.Destination.Log, "the destination's memory at the end");
            case ReceiveOutcome.InDoubt when report.Reason!.Contains("could not be started", StringComparison.Ordinal):
                return null;
            default:
                return run.Destination.Executes ? $"The destination says {report.Outcome} and executes." : null;
        }
    }

    // The log says what every page holds, so all that is populated and was never written has to be zero.
    private static string? CompareMemory(SimMachine machine, WriteLog log, string what)
    {
        var expected = log.Replay();
        foreach (var range in machine.Populated)
        {
            for (ulong offset = 0; offset < range.LengthBytes; offset += PageBytes)
            {
                var page = range.Start.Value + offset;
                ReadOnlySpan<byte> actual = machine.Memory.GetSpan(new Gpa(page), PageBytes);
                var isRight = expected.Remove(page, out var bytes) ? actual.SequenceEqual(bytes) : !actual.ContainsAnyExcept((byte)0);
                if (!isRight)
                {
                    return Difference(log, page, actual, bytes ?? new byte[PageBytes], what);
                }
            }
        }

        foreach (var (page, bytes) in expected)
        {
            if (bytes.AsSpan().ContainsAnyExcept((byte)0))
            {
                return Difference(log, page, new byte[PageBytes], bytes, what);
            }
        }

        return null;
    }

    private static string Difference(WriteLog log, ulong page, ReadOnlySpan<byte> actual, byte[] expected, string what)
    {
        var at = actual.CommonPrefixLength(expected);
        var writes = log.Writes.Where(write => write.Page == page).TakeLast(5).Select(write => $"{write.Writer} at {TimeSpan.FromTicks(write.Ticks)} offset {write.Offset} value 0x{write.Value:x}");
        return $"Lost page 0x{page:x}: {what} differs at byte {at}; its last writes: {string.Join("; ", writes)}.";
    }
}
