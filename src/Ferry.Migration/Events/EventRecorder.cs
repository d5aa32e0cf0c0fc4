using System.Globalization;
using Ferry.Linux.Vfio;
using Ferry.Migration.Execution;

namespace Ferry.Migration.Events;

/// <summary>Says to a buffer what the engine does; nothing where there is none. Allocates nothing.</summary>
/// <remarks>Used by the engine's thread.</remarks>
internal sealed class EventRecorder(EngineHost host, long began, MigrationEventBuffer? buffer)
{
    /// <summary>The round that events belong to.</summary>
    internal int Round { get; set; }

    internal bool IsOn => buffer is not null;

    internal void Began(Guid migration)
    {
        if (IsOn)
        {
            var start = host.Time.GetUtcNow() - Now;
            Add(new(MigrationEventKind.Began, Now, 0, migration.ToString(), start.ToString("O", CultureInfo.InvariantCulture)));
        }
    }

    internal void Step(string name, string phase, TimeSpan elapsed) => Add(new(MigrationEventKind.Step, Now, Round, name, phase, Elapsed: elapsed));

    internal void TrackerRead(string tracker, string sources, ulong pages, TimeSpan elapsed) =>
        Add(new(MigrationEventKind.TrackerRead, Now, Round, tracker, sources, pages, Elapsed: elapsed));

    internal void DeviceState(string device, VfioDeviceState state) => Add(new(MigrationEventKind.DeviceState, Now, Round, device, VfioMigrationNames.Of(state)));

    internal void RoundEnded(in Reports.RoundReport round, ulong sentPages, ulong zeroPages) => Add(new(
        MigrationEventKind.Round, Now, Round, "round", "", round.DirtyPages, sentPages, zeroPages, round.SentBytes, round.Elapsed, round.BytesPerSecond));

    internal void Ended(string outcome, string? reason, TimeSpan downtime, ulong sentPages, ulong zeroPages, ulong bytes) => Add(new(
        MigrationEventKind.Ended, Now, Round, outcome, reason ?? "", sentPages + zeroPages, sentPages, zeroPages, bytes, downtime));

    private TimeSpan Now => IsOn ? host.Since(began) : default;

    private void Add(in MigrationEvent next) => buffer?.Add(next);
}
