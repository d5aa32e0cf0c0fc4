namespace Ferry.Bench.Fitting;

/// <summary>The middle of some values, and how far off it may be.</summary>
internal static class Spread
{
    /// <summary>The median; 0 of nothing.</summary>
    internal static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length == 0 ? 0 : sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Half the width of the interval that holds the mean with about 95 %, by Student's t. One value tells nothing of its error, which
    /// is the value itself then.</summary>
    /// <remarks>The interval of the mean is taken for that of the median: wider where single values lie far out, never narrower than what
    /// the values show.</remarks>
    internal static double Error(IReadOnlyCollection<double> values)
    {
        if (values.Count < 2)
        {
            return values.Select(Math.Abs).FirstOrDefault();
        }

        var mean = values.Average();
        var deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return StudentT.Factor(values.Count - 1) * deviation / Math.Sqrt(values.Count);
    }
}
