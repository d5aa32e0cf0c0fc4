using Ferry.Migration.Contracts;
using Ferry.Migration.Events;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>What all parts of a destination know of the migration that they take part in.</summary>
/// <remarks>Changed by the engine's thread but for <see cref="Fail"/>; numbers for progress may be read by any.</remarks>
internal sealed class ReceiveContext(IMigratableMachine machine, DestinationOptions options, CancellationToken cancellation)
{
    private int _phase;
    private MigrationFailedException? _failure;

    internal IMigratableMachine Machine => machine;

    internal DestinationOptions Options => options;

    internal CancellationToken Cancellation => cancellation;

    internal PageLayout Layout { get; } = new(machine.Memory);

    internal StepClock Clock => field ??= new(options.Host, Events, ["load", "start"], options.Load, options.Start);

    internal EventRecorder Events => field ??= new(options.Host, Began, options.Events);

    internal EngineHost Host => options.Host;

    internal long Began { get; } = options.Host.Now();

    internal MachineDescription? Description { get; set; }

    internal Guid MigrationId { get; set; }

    internal UInt128 Token { get; set; }

    internal MigrationPhase Phase
    {
        get => (MigrationPhase)Volatile.Read(ref _phase);
        set => Volatile.Write(ref _phase, (int)value);
    }

    internal long PauseBegan { get; set; }

    internal TimeSpan Downtime { get; set; }

    internal MemoryHash? MemoryHash { get; set; }

    internal bool? MemoryVerified { get; set; }

    /// <summary>The processor time of the engine's thread when it was ready for the first round.</summary>
    internal TimeSpan CpuBeforeRounds { get; set; }

    internal TimeSpan CrewCpu { get; set; }

    /// <summary>The first failure of a channel or a populating thread, or null. Thread-safe.</summary>
    internal MigrationFailedException? Failure => Volatile.Read(ref _failure);

    /// <summary>Remembers the first failure; the engine's thread ends the migration because of it. Thread-safe.</summary>
    internal void Fail(MigrationFailedException failure) => Interlocked.CompareExchange(ref _failure, failure, null);

    internal void ThrowIfCancelled()
    {
        if (cancellation.IsCancellationRequested)
        {
            throw new MigrationFailedException(FailureKind.Cancelled, "The destination was cancelled.");
        }
    }
}
