namespace Ferry.Simulation.Tests.Network;

/// <summary>What the way between the two hosts is like.</summary>
internal sealed record NetworkOptions
{
    public int CapacityBytes { get; init; } = 1 << 20;

    public int CutPercent { get; init; }

    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The faults: of which connection in the order of connecting, in which direction, and what.</summary>
    public IReadOnlyList<PlannedFault> Faults { get; init; } = [];

    /// <summary>The connections, counted from 0, that can't be made.</summary>
    public IReadOnlySet<int> Refused { get; init; } = new HashSet<int>();

    /// <summary>The calls of accept, counted from 0, that fail.</summary>
    public IReadOnlySet<int> FailingAccepts { get; init; } = new HashSet<int>();
}
