namespace Ferry.Bench.Fitting;

/// <summary>Fits a sum of costs to measured times: no cost is below zero, errors count as parts of what was measured, and values that lie
/// far out count less.</summary>
/// <remarks>Weighted least squares with Huber's weights, reweighted until they settle. With few unknowns each set of costs that are above zero is tried.</remarks>
internal static class LeastSquares
{
    private const int Rounds = 20;

    // Huber's constant: 95 % of the efficiency of plain least squares where the noise is normal.
    private const double Clip = 1.345;

    // From the median of absolute deviations to a standard deviation of normal noise.
    private const double OfNormal = 1.4826;

    /// <summary>The costs, and half of each interval that holds one with about 95 %.</summary>
    /// <param name="rows">What each measurement has of each cost; all of the same length, 1 to 4.</param>
    /// <param name="measured">What was measured, one value a row, 0 or more.</param>
    /// <returns>Null where the rows can't tell the costs apart, or are no more than there are costs.</returns>
    internal static (double[] Costs, double[] Errors)? Fit(IReadOnlyList<double[]> rows, IReadOnlyList<double> measured)
    {
        if (rows.Count == 0 || rows.Count <= rows[0].Length)
        {
            return null;
        }

        var unknowns = rows[0].Length;
        // So that a byte and a constant are of one size in the equations.
        double[] scale = [.. Enumerable.Range(0, unknowns).Select(j => rows.Max(row => Math.Abs(row[j])) is > 0 and var most ? most : 1)];
        double[][] scaled = [.. rows.Select(row => row.Select((value, j) => value / scale[j]).ToArray())];
        var least = Math.Max(1e-12, Spread.Median([.. measured]) / 100);
        double[] parts = [.. measured.Select(value => 1 / Math.Max(value, least))];
        double[] weights = [.. parts.Select(part => part * part)];
        double[]? costs = null;
        for (var round = 0; round < Rounds; round++)
        {
            if (NonNegative(scaled, measured, weights) is not { } better)
            {
                return null;
            }

            costs = better;
            double[] off = [.. scaled.Select((row, i) => (measured[i] - Dot(row, better)) * parts[i])];
            var noise = OfNormal * Spread.Median([.. off.Select(Math.Abs)]);
            weights = [.. off.Select((value, i) => parts[i] * parts[i] * Math.Min(1, Math.Abs(value) <= Clip * noise ? 1 : Clip * noise / Math.Abs(value)))];
        }

        return Errors(scaled, measured, weights, costs!) is { } errors
            ? ([.. costs!.Select((value, j) => value / scale[j])], [.. errors.Select((value, j) => value / scale[j])])
            : null;
    }

    // Of all sets of costs that may be above zero, the best one whose solution is nowhere below.
    private static double[]? NonNegative(double[][] rows, IReadOnlyList<double> measured, double[] weights)
    {
        var unknowns = rows[0].Length;
        double[]? best = null;
        var leastOff = double.PositiveInfinity;
        for (var set = (1 << unknowns) - 1; set > 0; set--)
        {
            int[] used = [.. Enumerable.Range(0, unknowns).Where(j => (set & (1 << j)) != 0)];
            if (Inverse(Normal(rows, weights, used)) is not { } inverse)
            {
                continue;
            }

            double[] right = [.. used.Select(j => rows.Select((row, i) => weights[i] * row[j] * measured[i]).Sum())];
            var costs = new double[unknowns];
            for (var j = 0; j < used.Length; j++)
            {
                costs[used[j]] = Dot(inverse[j], right);
            }

            var off = rows.Select((row, i) => weights[i] * Math.Pow(measured[i] - Dot(row, costs), 2)).Sum();
            if (costs.All(cost => cost >= 0) && off < leastOff)
            {
                (best, leastOff) = (costs, off);
            }
        }

        return best;
    }

    // From the equations of all costs, also of those that came to zero: what they may be is no less uncertain for that.
    private static double[]? Errors(double[][] rows, IReadOnlyList<double> measured, double[] weights, double[] costs)
    {
        if (Inverse(Normal(rows, weights, [.. Enumerable.Range(0, costs.Length)])) is not { } inverse)
        {
            return null;
        }

        var freedom = rows.Length - costs.Length;
        var variance = rows.Select((row, i) => weights[i] * Math.Pow(measured[i] - Dot(row, costs), 2)).Sum() / freedom;
        return [.. costs.Select((_, j) => StudentT.Factor(freedom) * Math.Sqrt(Math.Max(0, variance * inverse[j][j])))];
    }

    private static double[][] Normal(double[][] rows, double[] weights, int[] used) =>
        [.. used.Select(j => used.Select(k => rows.Select((row, i) => weights[i] * row[j] * row[k]).Sum()).ToArray())];

    // By Gauss and Jordan, the largest element first; null where it is singular but for rounding.
    private static double[][]? Inverse(double[][] matrix)
    {
        var n = matrix.Length;
        double[] size = [.. matrix.Select((row, i) => Math.Sqrt(Math.Max(0, row[i])))];
        if (size.Any(each => each == 0))
        {
            return null;
        }

        double[][] work = [.. matrix.Select((row, i) => row.Select((value, j) => value / (size[i] * size[j])).Concat(Enumerable.Range(0, n).Select(j => i == j ? 1.0 : 0)).ToArray())];
        for (var column = 0; column < n; column++)
        {
            var pivot = Enumerable.Range(column, n - column).MaxBy(i => Math.Abs(work[i][column]));
            if (Math.Abs(work[pivot][column]) < 1e-9)
            {
                return null;
            }

            (work[column], work[pivot]) = (work[pivot], work[column]);
            var by = work[column][column];
            work[column] = [.. work[column].Select(value => value / by)];
            for (var i = 0; i < n; i++)
            {
                if (i != column)
                {
                    var factor = work[i][column];
                    work[i] = [.. work[i].Select((value, j) => value - (factor * work[column][j]))];
                }
            }
        }

        return [.. work.Select((row, i) => row[n..].Select((value, j) => value / (size[i] * size[j])).ToArray())];
    }

    private static double Dot(double[] left, double[] right)
    {
        var sum = 0.0;
        for (var i = 0; i < left.Length; i++)
        {
            sum += left[i] * right[i];
        }

        return sum;
    }
}
