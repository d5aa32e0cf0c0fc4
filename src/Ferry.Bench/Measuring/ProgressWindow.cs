using System.Diagnostics;

namespace Ferry.Bench.Measuring;

/// <summary>Watches for a while how fast something goes on.</summary>
internal static class ProgressWindow
{
    /// <summary>How long a migration's round is, about: reports are taken so far apart.</summary>
    private static readonly TimeSpan BetweenReports = TimeSpan.FromMilliseconds(100);

    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(10);

    /// <summary>Steps a second, with reports as a migration takes them.</summary>
    /// <param name="steps">The steps done so far.</param>
    /// <param name="window">How long; the last report may take longer.</param>
    /// <param name="report">Takes a report; null for none.</param>
    internal static double Rate(Func<double> steps, TimeSpan window, Action? report)
    {
        var (first, began) = (steps(), Stopwatch.GetTimestamp());
        do
        {
            Thread.Sleep(window < BetweenReports ? window : BetweenReports);
            report?.Invoke();
        }
        while (Stopwatch.GetElapsedTime(began) < window);
        return (steps() - first) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Steps a second by a look at the beginning and one at the end, and nothing between.</summary>
    internal static double Unwatched(Func<double> steps, TimeSpan window)
    {
        var (first, began) = (steps(), Stopwatch.GetTimestamp());
        Thread.Sleep(window);
        return (steps() - first) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>The same, and meanwhile all that a bench does beside what it measures: it looks all the time, and tells of it.</summary>
    internal static double Watched(Func<double> steps, TimeSpan window, Action tell)
    {
        var (first, began) = (steps(), Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < window)
        {
            Thread.Sleep(Slice);
            _ = steps();
            tell();
        }

        return (steps() - first) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
