namespace Ferry.Bench.Profiles;

/// <summary>One cost in two profiles.</summary>
/// <param name="Name">What costs.</param>
/// <param name="Provider">The tracker, or null.</param>
/// <param name="PageSizeBytes">The tracking page size, or null.</param>
/// <param name="Left">The cost in the first, or null where it is not there.</param>
/// <param name="Right">The cost in the second, or null where it is not there.</param>
public sealed record CostDifference(string Name, string? Provider, ulong? PageSizeBytes, FittedCost? Left, FittedCost? Right)
{
    /// <summary>Whether they differ beyond what both errors together explain; false where one is missing.</summary>
    public bool IsReal => Left is not null && Right is not null
        && Math.Abs(Left.Value - Right.Value) > Math.Sqrt((Left.Error * Left.Error) + (Right.Error * Right.Error));

    /// <summary>The second over the first; null where one is missing or the first is 0.</summary>
    public double? Factor => Left is { Value: > 0 } && Right is not null ? Right.Value / Left.Value : null;
}
