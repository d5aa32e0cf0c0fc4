using Ferry.Bench.Profiles;

namespace Ferry.Bench.Fitting;

/// <summary>Fits costs to samples: what a profile holds of costs follows from its samples alone. docs/bench.md says how each is fitted.</summary>
internal static class CostFit
{
    /// <summary>The costs that the samples tell, each with its error; those that they do not tell are not there.</summary>
    public static IReadOnlyList<FittedCost> Of(IReadOnlyCollection<CostSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var costs = new List<FittedCost>();
        var tracked = samples.Where(sample => sample.Experiment is ExperimentNames.Report or ExperimentNames.Slowdown).ToList();
        var (deviceCentre, guestCentre) = (Centre(tracked, isDevice: true), Centre(tracked, isDevice: false));
        foreach (var group in tracked.GroupBy(sample => (sample.Dimensions.Provider, sample.Dimensions.PageSizeBytes)).OrderBy(group => group.Key))
        {
            List<CostSample> own = [.. group];
            costs.AddRange(OfReports(own));
            costs.AddRange(OfProgress(own, deviceCentre, guestCentre));
        }

        costs.AddRange(MigrationCostFit.Of(samples));
        return costs;
    }

    /// <summary>Progress with a tracker, or with watching, over progress without, from values that were measured in pairs.</summary>
    /// <returns>Null where there are no pairs, or everything stood still without. A pair whose partner stood still tells nothing.</returns>
    public static FittedCost? Ratio(string name, CostSample sample, string metric)
    {
        ArgumentNullException.ThrowIfNull(sample);
        return sample.Measures.FirstOrDefault(measure => measure.Metric == metric) is { Untracked: { } untracked } measure
            && measure.Values.Zip(untracked).Where(pair => pair.Second > 0).Select(pair => pair.First / pair.Second).ToArray() is { Length: > 0 } ratios
            ? Cost(name, sample, ratios)
            : null;
    }

    /// <summary>A cost that is the middle of some values.</summary>
    internal static FittedCost Cost(string name, CostSample? of, IReadOnlyCollection<double> values) =>
        Marked(name, of, Spread.Median(values), Spread.Error(values), values.Count);

    /// <summary>A constant, and what it grows by; none where the points can't tell them apart.</summary>
    internal static IEnumerable<FittedCost> Line(string constant, string slope, CostSample? of, IReadOnlyCollection<(double At, double Value)> points) =>
        LeastSquares.Fit([.. points.Select(point => new[] { 1, point.At })], [.. points.Select(point => point.Value)]) is { } fit
            ? [Marked(constant, of, fit.Costs[0], fit.Errors[0], points.Count), Marked(slope, of, fit.Costs[1], fit.Errors[1], points.Count)]
            : [];

    /// <summary>The values of a quantity in a sample; none where it was not measured.</summary>
    internal static IReadOnlyList<double> Values(CostSample sample, string metric) =>
        sample.Measures.FirstOrDefault(measure => measure.Metric == metric)?.Values ?? [];

    /// <summary>A fitted cost, marked where its error hides it.</summary>
    internal static FittedCost Marked(string name, CostSample? of, double value, double error, int count) => new()
    {
        Name = name,
        Provider = of?.Dimensions.Provider,
        PageSizeBytes = of?.Dimensions.PageSizeBytes,
        Value = value,
        Error = error,
        Count = count,
        // What is the same each time hides nothing, also where it is no effect.
        IsHiddenByNoise = error > 0 && Math.Abs(value - (CostNames.Ratios.Contains(name) ? 1 : 0)) <= error,
    };

    private static IEnumerable<FittedCost> OfReports(List<CostSample> samples)
    {
        var reports = samples.Where(sample => sample is { Experiment: ExperimentNames.Report, Dimensions: { SyncInP2P: false, PageSizeBytes: > 0 } }).ToList();
        foreach (var (name, metric) in new[] { (CostNames.StartSeconds, MetricNames.StartSeconds), (CostNames.StopSeconds, MetricNames.StopSeconds) })
        {
            var most = samples.Where(sample => Values(sample, metric).Count > 0).Select(sample => sample.Dimensions.MemoryBytes).DefaultIfEmpty().Max();
            double[] values = [.. samples.Where(sample => sample.Dimensions.MemoryBytes == most).SelectMany(sample => Values(sample, metric))];
            if (values.Length > 0)
            {
                yield return Cost(name, samples[0], values);
            }
        }

        // What stops a tracker of a table of pages has to go through it.
        var stops = samples.SelectMany(sample => Values(sample, MetricNames.StopSeconds).Select(seconds => ((double)sample.Dimensions.MemoryBytes, seconds)));
        foreach (var cost in Line(CostNames.StopSecondsFixed, CostNames.StopSecondsPerMemoryByte, samples[0], [.. stops]))
        {
            yield return cost;
        }

        // Ranges are a line of their own: what a report costs for each is not in the model.
        var fitted = reports.Where(sample => sample.Dimensions.RangeCount == 1).ToList();
        double[][] rows = [.. fitted.SelectMany(sample => Values(sample, MetricNames.ReportSeconds).Select((_, i) => Row(sample, i)))];
        double[] seconds = [.. fitted.SelectMany(sample => Values(sample, MetricNames.ReportSeconds))];
        // A tracker that reports all it is asked for has as many pages as memory: the one stands for both.
        if ((LeastSquares.Fit(rows, seconds) ?? LeastSquares.Fit([.. rows.Select(row => row[..2])], seconds)) is { } fit)
        {
            string[] names = [CostNames.ReportSecondsFixed, CostNames.ReportSecondsPerMemoryByte, CostNames.ReportSecondsPerPage];
            for (var i = 0; i < fit.Costs.Length; i++)
            {
                yield return Marked(names[i], samples[0], fit.Costs[i], fit.Errors[i], seconds.Length);
            }
        }

        var least = fitted.Where(sample => sample.Dimensions is { WorkingSetBytes: > 0, Pattern: AccessPattern.Uniform }).MinBy(sample => sample.Dimensions.WorkingSetBytes);
        if (least is not null && Amplifications(least) is { Length: > 0 } amplifications)
        {
            yield return Cost(CostNames.Amplification, least, amplifications);
        }
    }

    private static double[] Row(CostSample sample, int repeat) =>
    [
        1, sample.Dimensions.MemoryBytes, (Values(sample, MetricNames.PagesReported).ElementAtOrDefault(repeat)) * 4096 / sample.Dimensions.PageSizeBytes,
    ];

    private static double[] Amplifications(CostSample sample) =>
        [.. Values(sample, MetricNames.PagesReported).Zip(Values(sample, MetricNames.PagesWritten)).Where(pair => pair.Second > 0).Select(pair => pair.First / pair.Second)];

    private static IEnumerable<FittedCost> OfProgress(List<CostSample> samples, SampleDimensions? deviceCentre, SampleDimensions? guestCentre)
    {
        var slowdowns = samples.Where(sample => sample.Experiment == ExperimentNames.Slowdown).ToList();
        if (slowdowns.Find(sample => IsAt(sample, deviceCentre)) is { } device
            && Ratio(CostNames.DeviceProgressRatio, device, MetricNames.DeviceBytesPerSecond) is { } deviceRatio)
        {
            yield return deviceRatio;
        }

        if (slowdowns.Find(sample => IsAt(sample, guestCentre)) is { } guest
            && Ratio(CostNames.GuestProgressRatio, guest, MetricNames.GuestPagesPerSecond) is { } guestRatio)
        {
            yield return guestRatio;
            if (Values(guest, MetricNames.GuestPagesPerSecond) is var pages && pages.All(each => each > 0))
            {
                yield return Cost(CostNames.GuestPageSeconds, guest, [.. pages.Select(each => 1 / each)]);
            }
        }

        var busy = slowdowns.Where(sample => IsPlain(sample) && deviceCentre is not null && sample.Dimensions.MessageBytes > 0
            && sample.Dimensions.WorkingSetBytes == deviceCentre.WorkingSetBytes).ToList();
        foreach (var cost in OfWrites(busy))
        {
            yield return cost;
        }
    }

    // The time of a write by its size: told where the device was as busy as it can be with messages of more than one size.
    private static IEnumerable<FittedCost> OfWrites(List<CostSample> busy)
    {
        var points = busy.SelectMany(sample => Values(sample, MetricNames.DeviceBytesPerSecond).Where(rate => rate > 0)
            .Select(rate => (Bytes: (double)sample.Dimensions.MessageBytes, Seconds: sample.Dimensions.MessageBytes / rate))).ToList();
        if (points.Select(point => point.Bytes).Distinct().Count() > 1
            && LeastSquares.Fit([.. points.Select(point => new[] { 1, point.Bytes })], [.. points.Select(point => point.Seconds)]) is { } fit)
        {
            yield return Marked(CostNames.DeviceWriteSeconds, busy[0], fit.Costs[0], fit.Errors[0], points.Count);
            yield return Marked(CostNames.DeviceWriteSecondsPerByte, busy[0], fit.Costs[1], fit.Errors[1], points.Count);
        }
    }

    // The settings under which most trackers were measured: the others are lines from there, which one tracker has alone.
    internal static SampleDimensions? Centre(IEnumerable<CostSample> samples, bool isDevice) => samples
        .Where(sample => sample is { Experiment: ExperimentNames.Slowdown, Dimensions.PageSizeBytes: > 0 } && IsPlain(sample) && sample.Dimensions.MessageBytes > 0 == isDevice)
        .GroupBy(sample => (sample.Dimensions.MemoryBytes, sample.Dimensions.WorkingSetBytes, sample.Dimensions.MessageBytes))
        .OrderByDescending(group => group.Select(sample => (sample.Dimensions.Provider, sample.Dimensions.PageSizeBytes)).Distinct().Count())
        .ThenBy(group => group.Key).FirstOrDefault()?.First().Dimensions;

    internal static bool IsPlain(CostSample sample) =>
        sample.Dimensions is { Pattern: AccessPattern.Uniform, DirtyBytesPerSecond: null, RangeCount: 1, SyncInP2P: false };

    internal static bool IsAt(CostSample sample, SampleDimensions? centre) => centre is not null && IsPlain(sample)
        && (sample.Dimensions.MemoryBytes, sample.Dimensions.WorkingSetBytes, sample.Dimensions.MessageBytes) == (centre.MemoryBytes, centre.WorkingSetBytes, centre.MessageBytes);
}
