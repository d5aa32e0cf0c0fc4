namespace Ferry.Bench.Validation;

/// <summary>A workload: what would have been advised for it, and what was best.</summary>
/// <param name="Group">The workload.</param>
/// <param name="Advised">The policy that the adviser chooses of those that were tried.</param>
/// <param name="Best">The policy that took the least time.</param>
public sealed record ChoiceRow(string Group, ValidationRow Advised, ValidationRow Best)
{
    /// <summary>The part of the best time that the advised policy took more.</summary>
    public double Loss => (Advised.Sample.TotalSeconds / Best.Sample.TotalSeconds) - 1;
}
