namespace Ferry.Bench.Fitting;

/// <summary>Half the width of an interval that holds a value with 95 %, in standard errors: Student's t.</summary>
internal static class StudentT
{
    // The quantile 0.975 for 1 to 30 degrees of freedom.
    private static readonly double[] Quantiles =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    /// <summary>The factor for so many degrees of freedom, at least 1; beyond 30 it falls slowly to 1.96.</summary>
    internal static double Factor(int degreesOfFreedom) =>
        degreesOfFreedom <= Quantiles.Length ? Quantiles[Math.Max(1, degreesOfFreedom) - 1] : 1.96 + (2.4 / degreesOfFreedom);
}
