namespace Ferry.Bench.Fitting;

/// <summary>The middle of some values, and how far off it may be.</summary>
internal static class Spread
{
    private const int ManyValues = 10;

    /// <summary>The median; 0 of nothing.</summary>
    internal static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length == 0 ? 0 : sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /// <summary>Half the width of the interval that holds the mean with about 95 %, by Student's t. One value tells nothing of its error, which
    /// is the value itself then.</summary>
    /// <remarks>The interval of the mean is taken for that of the median: it is wide where single values lie far out. Where there are many values, the
    /// fifth at each end is drawn in (Yuen's interval of a trimmed mean), so that a few of them that were disturbed don't hide what all others say.</remarks>
    internal static double Error(IReadOnlyCollection<double> values)
    {
        if (values.Count < 2)
        {
            return values.Select(Math.Abs).FirstOrDefault();
        }

        var trimmed = values.Count < ManyValues ? 0 : values.Count / 5;
        var sorted = values.Order().ToArray();
        var (low, high) = (sorted[trimmed], sorted[^(trimmed + 1)]);
        double[] drawnIn = [.. sorted.Select(value => Math.Clamp(value, low, high))];
        var mean = drawnIn.Average();
        var deviation = Math.Sqrt(drawnIn.Sum(value => (value - mean) * (value - mean)) / (drawnIn.Length - 1));
        var part = (sorted.Length - (2.0 * trimmed)) / sorted.Length;
        return StudentT.Factor(sorted.Length - (2 * trimmed) - 1) * deviation / (part * Math.Sqrt(sorted.Length));
    }
}
