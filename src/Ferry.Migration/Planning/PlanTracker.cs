using Ferry.Memory;

namespace Ferry.Migration.Planning;

/// <summary>A tracker that the plan starts.</summary>
/// <param name="Name">The name by which the engine finds it; unique in a plan.</param>
/// <param name="Sources">The sources it is started for: <c>vcpus</c> and device ids.</param>
/// <param name="PageSize">The page size it is started at.</param>
public sealed record PlanTracker(string Name, IReadOnlyList<string> Sources, PageSize PageSize)
{
    /// <summary>The ranges it is started for, which hold all guest memory; empty for the regions of guest memory as they are.</summary>
    public IReadOnlyList<IovaRange> Ranges { get; init; } = [];
}
