using System.Diagnostics;
using System.Text.Json;
using Ferry.Lab.Results;

namespace Ferry.Lab;

/// <summary>Runs checks one after the other, and tells the result of each at once, so that what hangs or crashes later takes none along.</summary>
internal static class LabRunner
{
    /// <summary>Runs them.</summary>
    /// <param name="checks">Which.</param>
    /// <param name="limit">The time that each may take; one that takes longer has failed, and is left to itself.</param>
    /// <param name="results">Takes a line of JSON for each check.</param>
    /// <param name="log">The console.</param>
    public static void Run(IEnumerable<ILabCheck> checks, TimeSpan limit, Stream results, TextWriter log)
    {
        var context = new LabContext(log);
        foreach (var check in checks)
        {
            log.WriteLine($"{check.Name} ...");
            var result = Run(check, limit, context);
            log.WriteLine($"{check.Name}: {result.Outcome} after {result.Milliseconds:F0} ms: {result.Detail}");
            results.Write([.. JsonSerializer.SerializeToUtf8Bytes(result, ResultJson.Default.CheckResult), (byte)'\n']);
            results.Flush();
        }
    }

    private static CheckResult Run(ILabCheck check, TimeSpan limit, LabContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var (outcome, detail) = (CheckOutcome.Failed, $"not within {limit.TotalSeconds} s");
        var done = new TaskCompletionSource<(CheckOutcome, string)>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => done.SetResult(Attempt(check, context))) { IsBackground = true, Name = check.Name }.Start();
        if (done.Task.Wait(limit))
        {
            (outcome, detail) = done.Task.Result;
        }

        return new(check.Name, outcome, detail, Math.Round(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 1));
    }

    private static (CheckOutcome Outcome, string Detail) Attempt(ILabCheck check, LabContext context)
    {
        try
        {
            return (CheckOutcome.Passed, check.Run(context));
        }
        catch (SkippedException e)
        {
            return (CheckOutcome.Skipped, e.Message);
        }
        catch (CheckFailedException e)
        {
            return (CheckOutcome.Failed, e.Message);
        }
#pragma warning disable CA1031 // Whatever a check throws is its result; the others still run.
        catch (Exception e)
#pragma warning restore CA1031
        {
            context.Log(e.ToString());
            return (CheckOutcome.Failed, $"{e.GetType().Name}: {e.Message}");
        }
    }
}
