using Ferry.Bench.Fitting;

namespace Ferry.Bench.Validation;

/// <summary>Makes one sample of several runs of the same migration.</summary>
public static class SampleMerge
{
    /// <summary>For each name the run whose total time is the middle one, with the medians of total time, downtime, bytes and processor time.</summary>
    public static IReadOnlyList<MigrationSample> Medians(IEnumerable<MigrationSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return [.. samples.GroupBy(sample => sample.Name).Select(group => Middle([.. group]))];
    }

    /// <summary>The same without the runs that began under more load than <paramref name="mostLoad"/>, where the migration has one under less.</summary>
    /// <remarks>What decides is what the host did before a run, never how the run came out.</remarks>
    public static IReadOnlyList<MigrationSample> Medians(IEnumerable<MigrationSample> samples, double mostLoad)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return Medians(samples.GroupBy(sample => sample.Name).SelectMany(group => group.Any(run => run.LoadAverage <= mostLoad) ? group.Where(run => run.LoadAverage <= mostLoad) : group));
    }

    private static MigrationSample Middle(MigrationSample[] runs)
    {
        double Of(Func<MigrationSample, double> value) => Spread.Median([.. runs.Select(value)]);
        return runs.OrderBy(run => run.TotalSeconds).ElementAt((runs.Length - 1) / 2) with
        {
            TotalSeconds = Of(run => run.TotalSeconds),
            DowntimeSeconds = Of(run => run.DowntimeSeconds),
            SentBytes = Of(run => run.SentBytes),
            CpuSeconds = Of(run => run.CpuSeconds),
        };
    }
}
