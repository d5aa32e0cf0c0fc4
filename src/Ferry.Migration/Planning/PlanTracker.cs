using Ferry.Memory;

namespace Ferry.Migration.Planning;

/// <summary>A tracker that the plan starts.</summary>
/// <param name="Name">The name by which the engine finds it; unique in a plan.</param>
/// <param name="Sources">The sources it is started for: <c>vcpus</c> and device ids.</param>
/// <param name="PageSize">The page size it is started at.</param>
public sealed record PlanTracker(string Name, IReadOnlyList<string> Sources, PageSize PageSize);
