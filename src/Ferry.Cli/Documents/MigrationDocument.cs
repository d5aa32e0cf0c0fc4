namespace Ferry.Cli.Documents;

/// <summary>What <c>--json</c> of <c>demo</c> and <c>migrate</c> prints. Keys are added, never renamed. Described in docs/cli.md.</summary>
internal sealed record MigrationDocument
{
    /// <summary>Whether the machine moved, something was verified, and all that was verified was right: memory where asked for, the guest where
    /// it was asked.</summary>
    public required bool Verified { get; init; }

    /// <summary>Whether the hashes of all guest memory were equal at the hand-over; null where they were not compared.</summary>
    public required bool? MemoryVerified { get; init; }

    /// <summary>Whether the guest's full self-check passed on the destination; null where it was not run.</summary>
    public required bool? GuestVerified { get; init; }

    /// <summary>Where the machine runs now: <c>source</c>, <c>destination</c> or <c>in-doubt</c>.</summary>
    public required string RunsAt { get; init; }

    /// <summary>Why it failed, or null.</summary>
    public string? Error { get; init; }

    /// <summary><c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>The size of guest memory.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The rounds taken before the switchover.</summary>
    public required int Rounds { get; init; }

    /// <summary>Whether what remained fitted the downtime limit by itself, without a limit or a stall forcing the switchover.</summary>
    public required bool Converged { get; init; }

    /// <summary>What ended the rounds, in words.</summary>
    public string? SwitchoverReason { get; init; }

    /// <summary>From the request to the first round: connecting, comparing the machines, starting trackers.</summary>
    public required double SetupSeconds { get; init; }

    /// <summary>How long the destination took to populate its memory; beside the rounds where <c>--populate beside</c>.</summary>
    public required double PopulateSeconds { get; init; }

    /// <summary>From the start of the first round to the destination running.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>How long no vCPU executed.</summary>
    public required double DowntimeSeconds { get; init; }

    /// <summary>The parts of the downtime, in order.</summary>
    public required IReadOnlyList<StepDocument> DowntimeParts { get; init; }

    /// <summary>The bytes sent, all channels together.</summary>
    public required ulong SentBytes { get; init; }

    /// <summary>The pages sent with contents.</summary>
    public required ulong SentPages { get; init; }

    /// <summary>The pages told to be zero.</summary>
    public required ulong ZeroPages { get; init; }

    /// <summary>The bytes sent a second of <see cref="TotalSeconds"/>.</summary>
    public required double BytesPerSecond { get; init; }

    /// <summary>Processor time of the source for the migration, without the guest's.</summary>
    public required double SourceCpuSeconds { get; init; }

    /// <summary>Processor time of the destination up to the hand-over.</summary>
    public required double DestinationCpuSeconds { get; init; }

    /// <summary>The peak of the source's resident memory beyond the guest's.</summary>
    public required ulong SourceExtraRssBytes { get; init; }

    /// <summary>The trackers that were started.</summary>
    public required IReadOnlyList<TrackerDocument> Trackers { get; init; }

    /// <summary>The devices.</summary>
    public required IReadOnlyList<DeviceDocument> Devices { get; init; }

    /// <summary>The steps of the plan as they were carried out, with their time.</summary>
    public required IReadOnlyList<StepDocument> Steps { get; init; }

    /// <summary>The rounds, one entry each.</summary>
    public required IReadOnlyList<RoundDocument> RoundDetails { get; init; }

    /// <summary>What the demo checked beyond that; null elsewhere.</summary>
    public IReadOnlyList<CheckDocument>? Checks { get; init; }
}
