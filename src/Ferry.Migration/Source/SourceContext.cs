using Ferry.Migration.Contracts;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Reports;

namespace Ferry.Migration.Source;

/// <summary>What all parts of a source know of the migration that they carry out together.</summary>
/// <remarks>Changed by the engine's thread; numbers for progress may be read by any.</remarks>
internal sealed class SourceContext(IMigratableMachine machine, SourceOptions options, CancellationToken cancellation)
{
    private int _phase;

    internal IMigratableMachine Machine => machine;

    internal SourceOptions Options => options;

    internal CancellationToken Cancellation => cancellation;

    internal PageLayout Layout { get; } = new(machine.Memory);

    internal TrackerSet Trackers { get; } = new(
        options.Host, options.Plan, options.Trackers, options.CrossCheck ? new CrossCheck([.. machine.Memory.Regions.Select(region => region.Range)]) : null);

    internal Guid MigrationId { get; } = Guid.NewGuid();

    /// <summary>What the destination issued, which is the right to speak for this migration.</summary>
    internal UInt128 Token { get; set; }

    internal StepClock Clock => field ??= new(
        options.Host, Events, ["setup", "round", "switchover"], options.Plan.Setup, [.. options.Plan.Round, .. options.Plan.FinalRounds.SelectMany(round => round.Steps)],
        options.Plan.Switchover);

    internal EventRecorder Events => field ??= new(options.Host, Began, options.Events);

    internal EngineHost Host => options.Host;

    internal long Began { get; } = options.Host.Now();

    internal MigrationPhase Phase
    {
        get => (MigrationPhase)Volatile.Read(ref _phase);
        set => Volatile.Write(ref _phase, (int)value);
    }

    /// <summary>Whether commit was sent, or begun to be sent: from here on the machine never runs here by itself.</summary>
    internal bool IsCommitted { get; set; }

    internal bool AreVcpusPaused { get; set; }

    internal long PauseBegan { get; set; }

    internal TimeSpan Downtime { get; set; }

    internal long RoundsBegan { get; set; }

    internal uint Round { get; set; }

    internal ulong RoundPages { get; set; }

    /// <summary>The pages sent, zero ones included, when the round began.</summary>
    internal ulong PagesBeforeRound { get; set; }

    /// <summary>The bandwidth measured last, in guest bytes; 0 where none was yet.</summary>
    internal double BytesPerSecond { get; set; }

    /// <summary>The same of this round.</summary>
    internal double RoundBytesPerSecond { get; set; }

    /// <summary>The processor time of the engine's thread when the rounds began.</summary>
    internal TimeSpan CpuBeforeRounds { get; set; }

    internal ulong PopulatedBytes { get; set; }

    internal TimeSpan Populate { get; set; }

    internal int ThrottlePercent { get; set; }

    internal TimeSpan DowntimeLimit { get; set; } = options.Convergence.DowntimeLimit;

    internal bool Converged { get; set; }

    internal string? SwitchoverReason { get; set; }

    internal List<RoundReport> Rounds { get; } = new(64);

    internal bool? MemoryVerified { get; set; }

    internal ulong MemoryHash { get; set; }

    /// <summary>What the destination said of itself once it ran.</summary>
    internal Wire.RunningAccount Destination { get; set; }

    /// <summary>Whether nothing writes guest memory: the vCPUs are paused and every device is stopped.</summary>
    internal bool IsQuiesced
    {
        get
        {
            if (!AreVcpusPaused)
            {
                return false;
            }

            for (var i = 0; i < machine.Devices.Count; i++)
            {
                if (machine.Devices[i].State is not (Linux.Vfio.VfioDeviceState.Stop or Linux.Vfio.VfioDeviceState.StopCopy))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Throws where somebody cancelled, or where the guest needs a device that was stopped early.</summary>
    internal void ThrowIfGivenUp()
    {
        // What undoes or settles a migration must be let finish.
        if (IsCommitted || Phase == MigrationPhase.RollingBack)
        {
            return;
        }

        if (cancellation.IsCancellationRequested)
        {
            throw new MigrationFailedException(FailureKind.Cancelled, "The migration was cancelled.");
        }

        for (var i = 0; i < machine.Devices.Count; i++)
        {
            if (machine.Devices[i].IsAwaited)
            {
                throw new MigrationFailedException(
                    FailureKind.Error, $"The guest accessed device {machine.Devices[i].Id}, which was stopped early. Quiesce it with all others.");
            }
        }
    }
}
