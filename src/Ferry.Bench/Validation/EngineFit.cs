using Ferry.Bench.Fitting;
using Ferry.Bench.Model;

namespace Ferry.Bench.Validation;

/// <summary>Fits what the engine costs on a host from whole migrations of it. Medians throughout, so that one disturbed run changes little.</summary>
public static class EngineFit
{
    /// <summary>The fewest migrations to fit from.</summary>
    public const int LeastSamples = 4;

    private const string LastSync = "sync dirty pages";
    private const string StopOfTracker = "stop tracker ";

    // Shorter copies tell about turns of threads, longer ones about bytes.
    internal const double ShortCopyBytes = 4 << 20;

    // A round by which a rate can be told has at most this part of its dirty bytes at half the rate.
    private const double LeastDifference = 0.8;

    /// <summary>Fits the costs.</summary>
    /// <exception cref="ArgumentException">There are too few samples, or too few whose link was no limit.</exception>
    public static EngineCosts Fit(IReadOnlyCollection<MigrationSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var free = samples.Where(sample => !double.IsFinite(sample.Link.BytesPerSecond)).ToList();
        if (samples.Count < LeastSamples || free.Count < 2)
        {
            throw new ArgumentException($"{samples.Count} migrations, {free.Count} of them with a link that is no limit, are too few: at least {LeastSamples} and 2 are needed.");
        }

        var copies = free.SelectMany(Copies).ToList();
        var first = Spread.Median([.. free.Select(sample => sample.Rounds[0].BytesPerSecond)]);
        // Few rounds of a free link are long, and memory that is there takes bytes no slower than memory that is not.
        var rate = Math.Max(first, Spread.Median([.. copies.Where(copy => copy.Bytes >= ShortCopyBytes).Select(copy => copy.Bytes / copy.Seconds)]));
        var turns = Spread.Median([.. samples.SelectMany(sample => Turns(sample, rate))]);
        var devices = samples.Where(sample => sample.Workload.Writers.Any(writer => writer.IsDevice)).ToList();
        var (cpu, cpuPerByte) = Line([.. samples.Select(sample => (sample.SentBytes, sample.CpuSeconds))]);
        var (verify, verifyPerByte) = Line([.. samples.Where(sample => sample.Policy.Verify).Select(sample => (sample.Workload.DataBytes, Parts(sample, IsVerify)))]);
        return new EngineCosts
        {
            CopyBytesPerSecond = rate,
            MostCopyBytesPerSecond = rate,
            PopulateBytesPerSecond = first,
            CopySeconds = turns,
            FirstRoundSeconds = Math.Max(0, Spread.Median([.. samples.SelectMany(sample => Extras(sample, sample.Rounds.Take(1)))])),
            RoundSeconds = Math.Max(0, Spread.Median([.. samples.SelectMany(sample => Extras(sample, sample.Rounds.Skip(1)))])),
            SwitchoverSeconds = Math.Max(0, Spread.Median([.. samples.Select(OtherDowntime)])),
            DeviceSeconds = Spread.Median([.. devices.Select(sample => Parts(sample, IsDevicePart) / sample.Workload.Writers.Count(writer => writer.IsDevice))]),
            WorkPartInFirstRound = WorkPart(samples, FirstRound),
            WorkPart = WorkPart(samples, LaterRounds),
            VerifySeconds = Math.Max(0, verify),
            VerifyBytesPerSecond = verifyPerByte > 0 ? 1 / verifyPerByte : double.PositiveInfinity,
            CpuSeconds = Math.Max(0, cpu),
            CpuSecondsPerByte = Math.Max(0, cpuPerByte),
            RelativeError = HalfQuartiles([.. free.Select(sample => sample.Rounds[0].BytesPerSecond)]),
        };
    }

    /// <summary>The median time of a report of a tracker, its part of the last sync; null where no sample has it.</summary>
    public static double? ReportSeconds(IEnumerable<MigrationSample> samples, string tracker) => MedianOf(samples
        .Where(sample => sample.ReportSeconds.GetValueOrDefault(tracker) > 0 && Reports(sample) > 0)
        .Select(sample => Reports(sample) * sample.ReportSeconds[tracker] / sample.ReportSeconds.Values.Sum()));

    /// <summary>The median time of stopping a tracker within a downtime; null where no sample has it.</summary>
    public static double? StopSeconds(IEnumerable<MigrationSample> samples, ProviderCosts tracker)
    {
        ArgumentNullException.ThrowIfNull(tracker);
        return MedianOf(samples.SelectMany(sample => sample.DowntimeParts).Where(part => part.Key == StopOfTracker + tracker.Provider).Select(part => part.Value));
    }

    private static double? MedianOf(IEnumerable<double> values) => values.ToArray() is { Length: > 0 } some ? Spread.Median(some) : null;

    internal static double Quantile(double[] values, double part)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(part * sorted.Length) - 1)];
    }

    internal static IEnumerable<int> FirstRound(MigrationSample sample) => sample.Rounds.Count > 1 ? [0] : [];

    // Which pages a later round copied, and when, is not known, and such a tracker's report depends on it.
    internal static IEnumerable<int> LaterRounds(MigrationSample sample) =>
        sample.Policy.Trackers.Any(tracker => tracker.Costs.ForgetsWhenCopied) ? [] : Enumerable.Range(1, Math.Max(0, sample.Rounds.Count - 2));

    // The factor on all rates of writing by which the round after is as large as it was: the middle one of the rounds that tell it.
    private static double WorkPart(IReadOnlyCollection<MigrationSample> samples, Func<MigrationSample, IEnumerable<int>> rounds) =>
        MedianOf(WorkParts(samples, rounds)) ?? 1;

    internal static double[] WorkParts(IReadOnlyCollection<MigrationSample> samples, Func<MigrationSample, IEnumerable<int>> rounds)
    {
        var parts = new List<double>();
        foreach (var sample in samples)
        {
            foreach (var i in rounds(sample).Where(i => Tells(sample, i)))
            {
                var (low, high) = (0.0, 1.0);
                for (var step = 0; step < 20; step++)
                {
                    var middle = (low + high) / 2;
                    (low, high) = Dirtied(sample, i, middle) < sample.Rounds[i + 1].SentBytes ? (middle, high) : (low, middle);
                }

                parts.Add(high);
            }
        }

        return [.. parts];
    }

    // Where the whole working set is dirty either way, half the writes would have done as well.
    private static bool Tells(MigrationSample sample, int round) => Dirtied(sample, round, 0.5) < LeastDifference * Dirtied(sample, round, 1);

    // In a first round all is copied; of a tracker that forgets what is copied only what was written after that is found.
    private static double Dirtied(MigrationSample sample, int round, double part) => sample.Workload.Writers.Sum(writer =>
    {
        var (costs, of) = (CostsOf(sample, writer), sample.Rounds[round]);
        var copied = costs.ForgetsWhenCopied && of.BytesPerSecond > 0 ? writer.Position * of.SentBytes / of.BytesPerSecond : 0;
        return DirtyGrowth.Bytes(writer, writer.DirtyBytesPerSecond * part, costs.PageBytes, Math.Max(0, of.Seconds - copied));
    });

    private static ProviderCosts CostsOf(MigrationSample sample, WriterLoad writer) => sample.Policy.Trackers.First(tracker => tracker.Source == writer.Source).Costs;

    // The first copy goes into memory that is not there yet, so it is no measure of the later ones.
    internal static IEnumerable<(double Bytes, double Seconds)> Copies(MigrationSample sample) =>
        sample.Rounds.Skip(1).Where(round => round.BytesPerSecond > 0).Select(round => (round.SentBytes, round.SentBytes / round.BytesPerSecond));

    /// <summary>What each short copy took beside its bytes.</summary>
    /// <param name="sample">The migration.</param>
    /// <param name="rate">What is copied a second where the link is no limit.</param>
    internal static IEnumerable<double> Turns(MigrationSample sample, double rate) =>
        rate <= 0 ? [] : sample.Rounds.Zip(sample.Rounds.Skip(1)).Where(pair => pair.Second is { BytesPerSecond: > 0, SentBytes: < ShortCopyBytes }).Select(pair =>
        {
            var (bytes, idle) = (pair.Second.SentBytes, Math.Min(RoundExtra(pair.First), sample.Link.BurstSeconds));
            return Math.Max(0, (bytes / pair.Second.BytesPerSecond) - Math.Max(bytes / rate, (bytes / sample.Link.BytesPerSecond) - idle));
        });

    /// <summary>What some rounds took beside copy and reports; less than nothing where the last sync was longer than theirs.</summary>
    internal static IEnumerable<double> Extras(MigrationSample sample, IEnumerable<MeasuredRound> rounds) => rounds.Select(round => RoundExtra(round) - Reports(sample));

    private static double RoundExtra(MeasuredRound round) => round.BytesPerSecond > 0 ? Math.Max(0, round.Seconds - (round.SentBytes / round.BytesPerSecond)) : round.Seconds;

    // The last sync's: the first ones of a process take several times as long, which is what their rounds took beside them.
    private static double Reports(MigrationSample sample) => Parts(sample, name => name is LastSync);

    internal static double OtherDowntime(MigrationSample sample) =>
        sample.DowntimeSeconds - Parts(sample, name => IsDevicePart(name) || IsVerify(name) || IsStop(name) || name is "copy dirty pages" or LastSync);

    internal static double Parts(MigrationSample sample, Func<string, bool> which) => sample.DowntimeParts.Where(part => which(part.Key)).Sum(part => part.Value);

    private static bool IsStop(string name) => name.StartsWith(StopOfTracker, StringComparison.Ordinal);

    internal static bool IsVerify(string name) => name == "verify memory";

    internal static bool IsDevicePart(string name) => name.StartsWith("device ", StringComparison.Ordinal) || name.StartsWith("stop-copy of device", StringComparison.Ordinal);

    // The median of all slopes between two samples, and the median of what it leaves (Theil and Sen).
    private static (double At0, double Slope) Line(IReadOnlyList<(double X, double Y)> points)
    {
        var slopes = new List<double>();
        for (var i = 0; i < points.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if (points[i].X != points[j].X)
                {
                    slopes.Add((points[i].Y - points[j].Y) / (points[i].X - points[j].X));
                }
            }
        }

        var slope = Spread.Median([.. slopes]);
        return (Spread.Median([.. points.Select(point => point.Y - (slope * point.X))]), slope);
    }

    // Half of the distance between the quartiles, against the median.
    private static double HalfQuartiles(double[] values) =>
        values.Length < 2 ? 1 : (Quantile(values, 0.75) - Quantile(values, 0.25)) / 2 / Spread.Median(values);
}
