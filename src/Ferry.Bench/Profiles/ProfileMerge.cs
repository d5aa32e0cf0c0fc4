using Ferry.Bench.Fitting;

namespace Ferry.Bench.Profiles;

/// <summary>Makes one profile of two of the same host.</summary>
public static class ProfileMerge
{
    /// <summary>Why two profiles are not of one host as it is; null where they are.</summary>
    public static string? WhyNot(CostProfile left, CostProfile right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return (left, right) switch
        {
            _ when left.Host.Kernel != right.Host.Kernel => $"the kernels differ: {left.Host.Kernel} and {right.Host.Kernel}",
            _ when left.Host.Fingerprint != right.Host.Fingerprint => $"the hosts differ: {Describe(left.Host)}, and {Describe(right.Host)}",
            _ when left.FerryVersion != right.FerryVersion => $"the versions of Ferry differ: {left.FerryVersion} and {right.FerryVersion}",
            _ => null,
        };
    }

    /// <summary>All samples of both: a point that both have has the values of both, and costs are fitted anew.</summary>
    /// <remarks>Host and version are those of <paramref name="left"/>. It is complete where one of them is.</remarks>
    public static CostProfile Of(CostProfile left, CostProfile right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        CostSample[] samples =
        [
            .. left.Samples.Concat(right.Samples).GroupBy(sample => (sample.Experiment, sample.Dimensions)).Select(group => group.Aggregate(Join)),
        ];
        string[] notes = [.. (left.Notes ?? []).Concat(right.Notes ?? []).Distinct()];
        return left with
        {
            Version = CostProfile.CurrentVersion,
            CreatedAt = left.CreatedAt < right.CreatedAt ? left.CreatedAt : right.CreatedAt,
            IsComplete = left.IsComplete || right.IsComplete,
            Samples = samples,
            Costs = CostFit.Of(samples),
            Notes = notes.Length == 0 ? null : notes,
        };
    }

    private static CostSample Join(CostSample left, CostSample right) => left with
    {
        Measures = [.. left.Measures.Concat(right.Measures).GroupBy(measure => measure.Metric).Select(group => group.Aggregate(Join))],
    };

    // The same values twice are one measurement that both hold, as where one was made of the other.
    // Values with partners and values without are not of one kind: those with partners tell more.
    private static SampleMeasure Join(SampleMeasure left, SampleMeasure right) => (left.Untracked, right.Untracked) switch
    {
        _ when left.Values.SequenceEqual(right.Values) => left,
        (null, null) => left with { Values = [.. left.Values, .. right.Values] },
        (not null, not null) => left with { Values = [.. left.Values, .. right.Values], Untracked = [.. left.Untracked, .. right.Untracked] },
        (null, _) => right,
        _ => left,
    };

    private static string Describe(HostFacts host) => $"{host.CpuModel}, {host.Cores} processors, {host.MemoryBytes >> 30} GiB, {host.Accelerator}";
}
