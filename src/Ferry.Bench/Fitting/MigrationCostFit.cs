using Ferry.Bench.Measuring;
using Ferry.Bench.Profiles;

namespace Ferry.Bench.Fitting;

/// <summary>Fits what the engine costs on a host from whole migrations over loopback. Those over shaped links are left to hold predictions against.</summary>
internal static class MigrationCostFit
{
    private static readonly (string Cost, string Metric)[] Middles =
    [
        (CostNames.FirstCopyBytesPerSecond, MetricNames.FirstCopyBytesPerSecond), (CostNames.CopyTurnSeconds, MetricNames.CopyTurnSeconds),
        (CostNames.FirstRoundSeconds, MetricNames.FirstRoundExtraSeconds), (CostNames.RoundSeconds, MetricNames.RoundExtraSeconds), (CostNames.DeviceSwitchoverSeconds, MetricNames.DeviceSwitchoverSeconds),
        (CostNames.DeviceStateBytes, MetricNames.DeviceStateBytes), (CostNames.FirstWorkPart, MetricNames.FirstWorkPart), (CostNames.WorkPart, MetricNames.WorkPart),
    ];

    internal static IEnumerable<FittedCost> Of(IEnumerable<CostSample> samples)
    {
        var all = samples.ToList();
        var arcs = all.SelectMany(sample => CostFit.Values(sample, MetricNames.P2PSeconds)).ToList();
        if (arcs.Count > 0)
        {
            yield return CostFit.Cost(CostNames.P2PSeconds, null, arcs);
        }

        var migrations = all.Where(sample => sample is { Experiment: ExperimentNames.Migration, Dimensions.Link: null }).ToList();
        double[] Of(string metric, Func<CostSample, bool>? which = null) =>
            [.. migrations.Where(which ?? (_ => true)).SelectMany(sample => CostFit.Values(sample, metric))];

        // A later round is seldom long, and memory that is there takes bytes no slower than memory that is not.
        double[] rates = [.. new[] { Of(MetricNames.CopyBytesPerSecond, IsFree), Of(MetricNames.FirstCopyBytesPerSecond, IsFree) }.Where(each => each.Length > 0).OrderByDescending(Spread.Median).Take(1).SelectMany(each => each)];
        if (rates.Length > 0)
        {
            yield return CostFit.Cost(CostNames.CopyBytesPerSecond, null, rates);
        }

        foreach (var (cost, metric) in Middles)
        {
            if (Of(metric, Tells(cost)) is { Length: > 0 } values)
            {
                yield return CostFit.Cost(cost, null, values);
            }
        }

        // What belongs to devices is a cost of its own.
        if (Of(MetricNames.SwitchoverSeconds) is { Length: > 0 } switchovers)
        {
            yield return CostFit.Cost(CostNames.SwitchoverSecondsFixed, null, switchovers);
        }

        foreach (var cost in OfHashes(migrations).Concat(OfWhole(migrations)))
        {
            yield return cost;
        }
    }

    // A constant and a part for each byte, where two amounts of data were hashed; else all of it for the bytes.
    private static IEnumerable<FittedCost> OfHashes(List<CostSample> migrations)
    {
        var hashes = migrations.SelectMany(sample => CostFit.Values(sample, MetricNames.VerifyBytesPerSecond).Where(rate => rate > 0)
            .Select(rate => (Data: new MigrationCase(sample.Dimensions, "").Workload.DataBytes, Rate: rate))).ToList();
        if (LeastSquares.Fit([.. hashes.Select(hash => new[] { 1, hash.Data })], [.. hashes.Select(hash => hash.Data / hash.Rate)]) is { } fit && fit.Costs[1] > 0)
        {
            yield return CostFit.Marked(CostNames.VerifySecondsFixed, null, fit.Costs[0], fit.Errors[0], hashes.Count);
            // The error of a reciprocal.
            yield return CostFit.Marked(CostNames.VerifyBytesPerSecond, null, 1 / fit.Costs[1], fit.Errors[1] / (fit.Costs[1] * fit.Costs[1]), hashes.Count);
        }
        else if (hashes.Count > 0)
        {
            yield return CostFit.Cost(CostNames.VerifyBytesPerSecond, null, [.. hashes.Select(hash => hash.Rate)]);
        }
    }

    private static IEnumerable<FittedCost> OfWhole(List<CostSample> migrations)
    {
        double[] beside =
        [
            .. migrations.Where(sample => IsIdle(sample) && !sample.Dimensions.Verify).SelectMany(sample => CostFit.Values(sample, MetricNames.TotalSeconds)
                .Zip(CostFit.Values(sample, MetricNames.SentBytes), CostFit.Values(sample, MetricNames.FirstCopyBytesPerSecond))
                .Where(run => run.Third > 0).Select(run => Math.Max(0, run.First - (run.Second / run.Third)))),
        ];
        if (beside.Length > 0)
        {
            yield return CostFit.Cost(CostNames.MigrationSecondsFixed, null, beside);
        }

        var runs = migrations.Where(IsFree).SelectMany(sample => CostFit.Values(sample, MetricNames.SentBytes).Zip(CostFit.Values(sample, MetricNames.CpuSeconds)));
        foreach (var cost in CostFit.Line(CostNames.CpuSecondsFixed, CostNames.CpuSecondsPerByte, null, [.. runs]))
        {
            yield return cost;
        }
    }

    // A device that wrote nothing has nothing to say while it is stopped, and a limit is no measure of what is copied without one.
    private static Func<CostSample, bool>? Tells(string cost) => cost switch
    {
        CostNames.DeviceStateBytes => sample => !IsIdle(sample),
        CostNames.FirstCopyBytesPerSecond => IsFree,
        _ => null,
    };

    private static bool IsFree(CostSample sample) => sample.Dimensions.LimitBytesPerSecond is null;

    private static bool IsIdle(CostSample sample) => sample.Dimensions is { WorkingSetBytes: 0, GuestDirtyBytesPerSecond: 0 };
}
