using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Control;

/// <summary>What the control socket controls: one machine in this process.</summary>
/// <remarks>Called from several threads. A request that can't be carried out throws <see cref="ControlException"/>.</remarks>
internal interface IControlTarget
{
    /// <summary>How it stands.</summary>
    MachineStatus GetStatus();

    /// <summary>Migrates the machine, telling <paramref name="events"/> all that happens. <paramref name="cancellation"/> rolls back.</summary>
    Task<MigrationDocument> MigrateAsync(MigrateRequest request, Action<ProgressDocument> progress, Action<EventDocument> events, CancellationToken cancellation);

    /// <summary>Rolls back the migration that is under way and returns when that is done.</summary>
    Task CancelMigrationAsync();

    /// <summary>Plans a migration without moving anything.</summary>
    PlanningDocument Plan(MigrateRequest request);

    /// <summary>Changes who tracks a source in the migration that is under way; returns when that is done.</summary>
    Task TrackAsync(TrackRequest request, CancellationToken cancellation);

    /// <summary>Attaches one more device; the machine's trackers and the next plan know it when this returns.</summary>
    Task<AttachDocument> AttachAsync(AttachRequest request);

    /// <summary>Reads or writes a register of a device; not while the machine is migrated.</summary>
    RegisterDocument AccessRegister(RegisterRequest request);

    /// <summary>Stops the vCPUs.</summary>
    void Pause();

    /// <summary>Lets them run.</summary>
    void Resume();

    /// <summary>Lets the guest program check all its memory.</summary>
    Task<SelfCheckDocument> SelfCheckAsync(CancellationToken cancellation);

    /// <summary>Settles a hand-over in doubt, or leaves it so where the other side does not answer.</summary>
    Task SettleAsync(SettleChoice choice, CancellationToken cancellation);

    /// <summary>Ends the process, rolling back a migration first. Returns before it ends.</summary>
    void Quit();
}
