using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Transport;

namespace Ferry.Migration.Destination;

/// <summary>What a destination is told.</summary>
public sealed record DestinationOptions
{
    /// <summary>Where sources connect. The engine uses it until it returns; it does not dispose it.</summary>
    public required IConnectionListener Listener { get; init; }

    /// <summary>The plan's part before commit.</summary>
    public required IReadOnlyList<PlanStep> Load { get; init; }

    /// <summary>The plan's part after commit.</summary>
    public required IReadOnlyList<PlanStep> Start { get; init; }

    /// <summary>Whether guest memory is known to read as zero, populated or not, as that of a fresh memory file does.</summary>
    /// <remarks>Where it is not, pages told to be zero are looked at and cleared where they are populated.</remarks>
    public bool MemoryIsZero { get; init; } = true;

    /// <summary>How long to wait for a source; infinite by default.</summary>
    public TimeSpan ConnectWait { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long a source may be silent where something of it is due.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait for the source to come back where the link died between prepare and commit, before the result is in doubt.</summary>
    public TimeSpan SettleWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Called on the engine's thread once the machine runs, before the source is told; must not throw. What follows is only talk with
    /// the source, which may take its time where the link died.</summary>
    public Action? Started { get; init; }

    /// <summary>The most threads that populate or hash memory.</summary>
    public int Threads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 16);

    /// <summary>The most bytes of state that one device may bring.</summary>
    public long MaxDeviceStateBytes { get; init; } = 1L << 32;

    /// <summary>Where it is written down what happens, for somebody to take beside it; null for nowhere.</summary>
    public MigrationEventBuffer? Events { get; init; }

    /// <summary>What the engine waits on and measures by.</summary>
    internal EngineHost Host { get; init; } = EngineHost.Real;
}
