using Ferry.Cli.Policies;

namespace Ferry.Cli.Control;

/// <summary>What a migration is asked to be. Every member is checked again by the host, whoever sent it.</summary>
/// <remarks>Members are settable because generated deserialisation would forget the defaults of others.</remarks>
internal sealed record MigrateRequest
{
    /// <summary>The destination, <c>HOST:PORT</c>; null only where nothing moves (<c>plan</c>).</summary>
    public string? To { get; set; }

    /// <summary>How long the vCPUs may stand still.</summary>
    public double DowntimeSeconds { get; set; } = 0.3;

    /// <summary>What of that is kept free for what a switchover takes and no round shows.</summary>
    public double SwitchoverSeconds { get; set; } = 0.001;

    /// <summary>How far <c>stretch</c> may raise that.</summary>
    public double MaxDowntimeSeconds { get; set; } = 3;

    /// <summary>The most rounds before the switchover is forced or refused.</summary>
    public int MaxRounds { get; set; } = 30;

    /// <summary>The most time for the rounds.</summary>
    public double MaxSeconds { get; set; } = 600;

    /// <summary>How long a destination that falls silent after the hand-over is asked again, before the result is in doubt; whole seconds.</summary>
    public int SettleSeconds { get; set; } = 10;

    /// <summary>What rounds that no longer shrink lead to: <c>stop</c>, <c>fail</c>, <c>throttle</c> or <c>stretch</c>.</summary>
    public string OnStall { get; set; } = "stop";

    /// <summary>The number of parallel streams.</summary>
    public int Channels { get; set; } = 2;

    /// <summary><c>none</c>, <c>lz4</c> or <c>zstd</c>.</summary>
    public string Compress { get; set; } = "none";

    /// <summary>The bandwidth limit; null for none.</summary>
    public ulong? BandwidthBytesPerSecond { get; set; }

    /// <summary>When the destination populates its memory: <c>before</c>, <c>beside</c> or <c>none</c>.</summary>
    public string Populate { get; set; } = "beside";

    /// <summary>Whether hashes of all guest memory are compared at the hand-over.</summary>
    public bool Verify { get; set; }

    /// <summary>Who tracks which source, how, and when devices stop: for each source and key the first rule that fits says it.</summary>
    public IReadOnlyList<SourceRule> Rules { get; set; } = [];

    /// <summary>Whether writes are tracked; where not, all memory is copied once, after everything stopped.</summary>
    public bool Tracking { get; set; } = true;

    /// <summary>Whether trackers that see the same sources are compared, and a page that one misses is a failure.</summary>
    public bool CrossCheck { get; set; }

    /// <summary>Whether devices that can send state while they run.</summary>
    public bool PreCopy { get; set; } = true;

    /// <summary>What comes first at the switchover, one of <see cref="PolicyChoices.Grace"/>.</summary>
    public string Grace { get; set; } = "vcpus-first";
}
