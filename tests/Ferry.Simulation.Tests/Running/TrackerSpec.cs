using Ferry.Memory;
using Ferry.Simulation.Tests.Machines;

namespace Ferry.Simulation.Tests.Running;

/// <summary>A tracker of the source.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Sources">The sources it sees.</param>
/// <param name="PageSize">The size it is started at.</param>
internal sealed record TrackerSpec(string Name, TrackerKind Kind, IReadOnlyList<string> Sources, PageSize PageSize)
{
    public TrackerFault Fault { get; init; }

    public int FaultAt { get; init; }

    /// <summary>Whether the plan starts it; else it waits to replace another.</summary>
    public bool IsPlanned { get; init; } = true;
}
