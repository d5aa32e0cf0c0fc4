using Ferry.Bench.Fitting;
using Ferry.Bench.Profiles;
using Ferry.Bench.Validation;

namespace Ferry.Bench.Measuring;

/// <summary>What a profile keeps of whole migrations: the quantities that costs are fitted from.</summary>
internal static class MigrationMeasures
{
    /// <summary>The measures of some runs of one migration, each run a value where it tells the quantity.</summary>
    internal static IReadOnlyList<SampleMeasure> Of(IReadOnlyList<MigrationSample> runs)
    {
        var measures = new MeasureList();
        foreach (var run in runs)
        {
            measures.Add(MetricNames.TotalSeconds, run.TotalSeconds);
            measures.Add(MetricNames.DowntimeSeconds, run.DowntimeSeconds);
            measures.Add(MetricNames.SentBytes, run.SentBytes);
            measures.Add(MetricNames.CpuSeconds, run.CpuSeconds);
            measures.Add(MetricNames.SwitchoverSeconds, Math.Max(0, EngineFit.OtherDowntime(run)));
            measures.Add(MetricNames.DeviceStateBytes, run.DeviceStateBytes);
            if (run.Workload.Writers.Count(writer => writer.IsDevice) is > 0 and var devices)
            {
                measures.Add(MetricNames.DeviceSwitchoverSeconds, EngineFit.Parts(run, EngineFit.IsDevicePart) / devices);
            }

            if (run.Policy.Verify && EngineFit.Parts(run, EngineFit.IsVerify) is > 0 and var hashing)
            {
                measures.Add(MetricNames.VerifyBytesPerSecond, run.Workload.DataBytes / hashing);
            }

            AddRounds(measures, run);
        }

        return measures.ToList();
    }

    private static void AddRounds(MeasureList measures, MigrationSample run)
    {
        if (run.Rounds.Count == 0)
        {
            return;
        }

        var first = run.Rounds[0].BytesPerSecond;
        measures.Add(MetricNames.FirstCopyBytesPerSecond, first);
        Add(MetricNames.FirstRoundExtraSeconds, EngineFit.Extras(run, run.Rounds.Take(1)));
        Add(MetricNames.RoundExtraSeconds, EngineFit.Extras(run, run.Rounds.Skip(1)));
        var copies = EngineFit.Copies(run).ToList();
        Add(MetricNames.CopyBytesPerSecond, copies.Where(copy => copy.Bytes >= EngineFit.ShortCopyBytes).Select(copy => copy.Bytes / copy.Seconds));
        Add(MetricNames.CopyTurnSeconds, EngineFit.Turns(run, double.IsFinite(run.Link.BytesPerSecond) ? double.PositiveInfinity : first));
        Add(MetricNames.FirstWorkPart, EngineFit.WorkParts([run], EngineFit.FirstRound));
        Add(MetricNames.WorkPart, EngineFit.WorkParts([run], EngineFit.LaterRounds));

        void Add(string metric, IEnumerable<double> values)
        {
            if (values.ToArray() is { Length: > 0 } some)
            {
                measures.Add(metric, Math.Max(0, Spread.Median(some)));
            }
        }
    }
}
