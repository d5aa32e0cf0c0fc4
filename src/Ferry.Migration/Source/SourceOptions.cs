using Ferry.Migration.Convergence;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>What a source is told.</summary>
public sealed record SourceOptions
{
    /// <summary>The most channels that a migration may have.</summary>
    public const int MaxChannels = 64;

    /// <summary>The sequence; whether memory is verified is one of its steps.</summary>
    public required MigrationPlan Plan { get; init; }

    /// <summary>The trackers, by the names that the plan uses. The engine starts and stops them; it does not dispose them.</summary>
    public required IReadOnlyDictionary<string, IDirtyTracker> Trackers { get; init; }

    /// <summary>The way to the destination.</summary>
    public required IConnector Connector { get; init; }

    /// <summary>When to switch over.</summary>
    public ConvergenceOptions Convergence { get; init; } = new();

    /// <summary>The number of data connections: 1 to <see cref="MaxChannels"/>.</summary>
    public int Channels { get; init; } = 2;

    /// <summary>How pages are compressed.</summary>
    public PageCompression Compression { get; init; }

    /// <summary>When the destination populates its memory.</summary>
    public PopulateMode Populate { get; init; } = PopulateMode.Beside;

    /// <summary>Whether trackers that see the same sources are compared, and the migration fails where one that claims to be exact misses a page.</summary>
    public bool CrossCheck { get; init; }

    /// <summary>The most bytes a second on all channels together; null for no limit.</summary>
    public long? BandwidthBytesPerSecond { get; init; }

    /// <summary>How long the destination may be silent where an answer is due, or take nothing.</summary>
    public TimeSpan PeerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long to reconnect and ask where the link died after commit, before the result is in doubt; a connection that is being made
    /// when it has passed is waited for.</summary>
    public TimeSpan SettleWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long to wait between two tries.</summary>
    public TimeSpan ReconnectPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where it is written down what happens, for somebody to take beside it; null for nowhere.</summary>
    public MigrationEventBuffer? Events { get; init; }

    /// <summary>What the engine waits on and measures by.</summary>
    internal EngineHost Host { get; init; } = EngineHost.Real;
}
