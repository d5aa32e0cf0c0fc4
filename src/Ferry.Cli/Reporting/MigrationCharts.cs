using System.Globalization;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Values;
using Ferry.Report;
using Ferry.Report.Charts;

namespace Ferry.Cli.Reporting;

/// <summary>The charts of one migration.</summary>
internal static class MigrationCharts
{
    private const double MebiByte = 1 << 20;
    // More bars than these say nothing more; the table below has all.
    private const int MostSpans = 400;

    private static readonly string[] CopySteps = ["copy dirty pages"];

    /// <summary>The charts that have something to show.</summary>
    public static IEnumerable<ReportSection> Of(EventLog log, MigrationDocument report)
    {
        if (TimelineOf(log) is { Spans.Count: > 0 } timeline)
        {
            yield return new ReportSection("What happened when", null, timeline);
        }

        if (DirtyOf(log) is { Bars.Count: > 0 } dirty)
        {
            yield return new ReportSection("Dirty pages by source", null, dirty);
        }

        if (BandwidthOf(log) is { } bandwidth)
        {
            yield return new ReportSection("Bandwidth", null, bandwidth);
        }

        if (DowntimeOf(report) is { Series.Count: > 0 } downtime)
        {
            yield return new ReportSection("Where the downtime went", null, downtime);
        }
    }

    /// <summary>The steps from the pause of the vCPUs on; all of a destination's start.</summary>
    public static IEnumerable<StepEvent> DowntimeStepsOf(EventLog log) => log.Events
        .Select(each => each.Step).OfType<StepEvent>()
        .Where(step => step.Phase is "switchover" or "start")
        .SkipWhile(step => step is { Phase: "switchover", Name: not "pause vCPUs" });

    private static TimelineChart TimelineOf(EventLog log)
    {
        var spans = new List<TimelineSpan>();
        foreach (var (at, step) in log.Events.Where(each => each.Step is not null).Select(each => (each.Seconds, each.Step!)).Take(MostSpans * 8))
        {
            var lane = step.Phase switch
            {
                "round" => string.Create(CultureInfo.InvariantCulture, $"round {step.Round}"),
                _ => step.Phase,
            };
            spans.Add(new TimelineSpan(lane, KindOf(step.Name), Math.Max(0, at - step.Seconds), at));
        }

        // A lane a round is too much for many: they are laid one after the other then.
        var lanes = spans.Select(span => span.Lane).Distinct().Count();
        return new TimelineChart
        {
            Name = "timeline",
            Title = "What happened when",
            Description = "Each row is a phase of the plan or a round; each bar is a step, as long as it took, since the migration began.",
            XLabel = "seconds since the beginning",
            YLabel = "phase",
            Spans = lanes <= 24 ? Merge(spans) : Merge([.. spans.Select(span => span.Lane.StartsWith("round", StringComparison.Ordinal) ? span with { Lane = "rounds" } : span)]),
        };
    }

    // Steps of one kind that follow one another are one bar.
    private static List<TimelineSpan> Merge(List<TimelineSpan> spans)
    {
        var merged = new List<TimelineSpan>();
        foreach (var span in spans)
        {
            if (merged.Count > 0 && merged[^1] is var last && (last.Lane, last.Kind) == (span.Lane, span.Kind))
            {
                merged[^1] = last with { End = span.End };
            }
            else
            {
                merged.Add(span);
            }
        }

        return merged.Count <= MostSpans ? merged : merged[..MostSpans];
    }

    private static string KindOf(string step) =>
        CopySteps.Contains(step) ? "copy pages"
        : step.StartsWith("sync", StringComparison.Ordinal) ? "read trackers"
        : step.StartsWith("device", StringComparison.Ordinal) ? "change device states"
        : step.Contains("-copy of device", StringComparison.Ordinal) || step.StartsWith("load device", StringComparison.Ordinal) ? "device state"
        : step.Contains("tracker", StringComparison.Ordinal) || step.StartsWith("mark", StringComparison.Ordinal) ? "start and stop trackers"
        : step.StartsWith("verify", StringComparison.Ordinal) ? "compare memory"
        : step is "prepare" or "commit and start" ? "hand over"
        : "vCPUs";

    private static BarChart DirtyOf(EventLog log)
    {
        var all = CopiesOf(log);
        // The first round copies all of memory, and nothing else could be seen beside it.
        var copies = all.Count > 1 ? all[1..] : all;
        var names = log.Reads.Select(NameOf).Distinct().ToList();
        // What two trackers saw counts once, so that more than was copied is never shown.
        static ulong Pages(Copy copy, string name) => copy.Reads.Where(each => NameOf(each) == name).Aggregate(0UL, (sum, each) => sum + each.DirtyPages);
        List<BarSeries> series =
        [
            .. names.Select(name => new BarSeries(name, [.. copies.Select(copy => (double)Pages(copy, name))])),
            new BarSeries("marked at the beginning, or left over", [.. copies.Select(copy => Math.Max(0.0, copy.Pages - (double)copy.Reads.Aggregate(0UL, (sum, each) => sum + each.DirtyPages)))]),
        ];
        return new BarChart
        {
            Name = "dirty-pages",
            Title = "Dirty pages by source",
            Description = (all.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $"Round 1 copied all {all[0].Pages:N0} pages, and is left out. ") : "")
                + "Pages of 4 KiB that each round had to copy, and at last the switchover, by the tracker that saw them written and by whose writes it sees. A page that two trackers saw counts for the one that was read first.",
            XLabel = "round",
            YLabel = "dirty pages",
            Bars = [.. copies.Select(copy => copy.Name)],
            Series = [.. series.Where(each => each.Values.Any(value => value > 0))],
        };
    }

    // A round copies what the sync at the end of the round before found; the switchover what the last round's and its own did.
    private static List<Copy> CopiesOf(EventLog log)
    {
        var copies = new List<Copy>();
        var found = new List<ReadEvent>();
        var before = new List<ReadEvent>();
        foreach (var next in log.Events)
        {
            if (next.Read is { } read)
            {
                found.Add(read);
            }
            else if (next.Round is { } round)
            {
                copies.Add(new Copy(round.Round.ToString(CultureInfo.InvariantCulture), round.DirtyPages, before));
                (before, found) = (found, []);
            }
        }

        if (DowntimeStepsOf(log).Any())
        {
            copies.Add(new Copy("stop", 0, [.. before, .. found]));
        }

        return copies;
    }

    private static string NameOf(ReadEvent read) => $"{read.Sources}, by {read.Tracker}";

    private static LineChart? BandwidthOf(EventLog log)
    {
        var rounds = log.Rounds.Where(round => round.Seconds > 0).ToList();
        return rounds.Count == 0 ? null : new LineChart
        {
            Name = "bandwidth",
            Title = "Bandwidth",
            Description = "Guest bytes a second while pages were copied, and bytes on the wire a second of the whole round, in which nothing is sent while trackers are read.",
            XLabel = "round",
            YLabel = "MiB/s",
            Series =
            [
                new LineSeries("while it copied", [.. rounds.Select(round => ((double)round.Round, round.BytesPerSecond / MebiByte))]),
                new LineSeries("on the wire, whole round", [.. rounds.Select(round => ((double)round.Round, round.SentBytes / round.Seconds / MebiByte))]),
            ],
            XTicks = [.. rounds.Where((_, i) => i % Math.Max(1, rounds.Count / 25) == 0).Select(round => ((double)round.Round, round.Round.ToString(CultureInfo.InvariantCulture)))],
        };
    }

    private static BarChart DowntimeOf(MigrationDocument report)
    {
        var parts = report.DowntimeParts.GroupBy(part => part.Name).Select(group => (Name: group.Key, Seconds: group.Sum(part => part.Seconds))).ToList();
        var whole = parts.Sum(part => part.Seconds);
        // What is too short to be seen is shown as one.
        var shown = parts.Where(part => part.Seconds >= whole * 0.01).ToList();
        var rest = whole - shown.Sum(part => part.Seconds);
        return new BarChart
        {
            Name = "downtime",
            Title = "Where the downtime went",
            Description = $"No vCPU executed for {DurationText.ForPeople(report.DowntimeSeconds)}. The parts are steps, in order; those below a hundredth are shown together.",
            XLabel = "milliseconds",
            YLabel = "",
            IsHorizontal = true,
            Bars = ["downtime"],
            Series =
            [
                .. shown.Select(part => new BarSeries($"{part.Name}, {DurationText.ForPeople(part.Seconds)}", [part.Seconds * 1000])),
                .. rest > 0 ? [new BarSeries($"all others, {DurationText.ForPeople(rest)}", [rest * 1000])] : Array.Empty<BarSeries>(),
            ],
        };
    }

    /// <summary>Pages that were copied together.</summary>
    private sealed record Copy(string Name, ulong Pages, IReadOnlyList<ReadEvent> Reads);
}
