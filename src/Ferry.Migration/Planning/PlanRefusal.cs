namespace Ferry.Migration.Planning;

/// <summary>A reason why no plan exists.</summary>
/// <param name="Subject">The device, source or tracker that it is about.</param>
/// <param name="Reason">What is wrong.</param>
/// <param name="Remedy">What would make a plan possible.</param>
public sealed record PlanRefusal(string Subject, string Reason, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Subject}: {Reason}. {Remedy}.";
}
