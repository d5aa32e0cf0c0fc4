using System.Collections.Concurrent;
using System.Diagnostics;

namespace Ferry.Simulation.Tests.Running;

/// <summary>Runs many seeds, as many at a time as there are processors.</summary>
internal static class Runner
{
    /// <param name="Failures">The seeds that broke a rule, in order.</param>
    /// <param name="Outcomes">How often each pair of outcomes was seen.</param>
    /// <param name="Done">How many seeds were run.</param>
    /// <param name="Elapsed">The real time.</param>
    /// <param name="Turns">The turns of all.</param>
    internal sealed record Results(IReadOnlyList<SimResult> Failures, IReadOnlyDictionary<string, int> Outcomes, ulong Done, TimeSpan Elapsed, long Turns);

    /// <summary>Runs <paramref name="count"/> seeds from <paramref name="first"/> on, or until so many failed.</summary>
    public static Results RunAll(ulong first, ulong count, Mutation mutation, int mostFailures, Action<ulong, ulong>? progress = null)
    {
        var began = Stopwatch.GetTimestamp();
        var failures = new ConcurrentBag<SimResult>();
        var outcomes = new ConcurrentDictionary<string, int>();
        var (next, done, turns) = (0UL, 0UL, 0L);
        var threads = Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 1, 16)).Select(_ => new Thread(() =>
        {
            while (failures.Count < mostFailures && Interlocked.Increment(ref next) - 1 is var i && i < count)
            {
                var result = SimRun.Run(first + i, mutation);
                outcomes.AddOrUpdate(Short(result.Outcome), 1, static (_, seen) => seen + 1);
                Interlocked.Add(ref turns, result.Turns);
                if (result.Failure is not null)
                {
                    failures.Add(result);
                }

                progress?.Invoke(Interlocked.Increment(ref done), count);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        return new Results([.. failures.OrderBy(each => each.Seed)], outcomes, done, Stopwatch.GetElapsedTime(began), turns);
    }

    public static string Summary(Results results) =>
        $"{results.Done} seeds in {results.Elapsed.TotalSeconds:0.0} s, {results.Turns / Math.Max(1, (long)results.Done)} turns each\n  "
        + string.Join("\n  ", results.Outcomes.OrderByDescending(each => each.Value).Select(each => $"{each.Value,7}  {each.Key}"));

    // Without the reasons.
    private static string Short(string outcome) => System.Text.RegularExpressions.Regex.Replace(outcome, @" \(.*?\)(?=, destination|$)", "", System.Text.RegularExpressions.RegexOptions.Singleline);
}
