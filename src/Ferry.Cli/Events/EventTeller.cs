using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Ferry.Cli.Control;
using Ferry.Cli.Hosting;
using Ferry.Migration.Events;
using Ferry.Migration.Planning;

namespace Ferry.Cli.Events;

/// <summary>Takes a migration's events out of the engine's buffer and tells them as lines of a log.</summary>
/// <remarks>Used by one thread at a time, beside the engine's.</remarks>
internal sealed class EventTeller(string machineName, string side, IHostedMachine hosted, MigrateRequest? policy, PlanDocument? plan)
{
    // Rounds of a millisecond make some 7,000 a second.
    private const int Capacity = 16384;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly MigrationTelemetry _telemetry = new(machineName, side);
    private long _told = Stopwatch.GetTimestamp();
    private string? _migration;
    private long _lostTold;

    /// <summary>What the engine fills.</summary>
    public MigrationEventBuffer Buffer { get; } = new(Capacity);

    /// <summary>The version that begins a log.</summary>
    public static string FerryVersion { get; } = typeof(EventTeller).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Tells what happened, where the last time was a while ago: who is told works on it, on the same processors.</summary>
    public void TellInTime(Action<EventDocument> tell)
    {
        if (Stopwatch.GetElapsedTime(_told) >= Interval)
        {
            _told = Stopwatch.GetTimestamp();
            Tell(tell);
        }
    }

    /// <summary>Tells what happened since the last call.</summary>
    public void Tell(Action<EventDocument> tell)
    {
        while (Buffer.TryTake(out var next))
        {
            _telemetry.Observe(next);
            if (next.Kind == MigrationEventKind.Began)
            {
                _migration = next.Name;
            }

            // A destination that nobody came to has no migration to tell of.
            if (_migration is null)
            {
                continue;
            }

            if (next.Kind == MigrationEventKind.Ended && Buffer.LostCount > _lostTold)
            {
                tell(Line(next) with { Lost = new LostEvent(Buffer.LostCount - _lostTold) });
                _lostTold = Buffer.LostCount;
            }

            tell(Describe(next));
        }
    }

    private EventDocument Line(in MigrationEvent next) => new()
    {
        Version = EventDocument.CurrentVersion,
        Migration = _migration!,
        Machine = machineName,
        Side = side,
        Seconds = next.At.TotalSeconds,
    };

    private EventDocument Describe(in MigrationEvent next) => next.Kind switch
    {
        MigrationEventKind.Began => Line(next) with { Begin = Begin(next) },
        MigrationEventKind.Step => Line(next) with { Step = new StepEvent(next.Detail, next.Round, next.Name, next.Elapsed.TotalSeconds) },
        MigrationEventKind.TrackerRead => Line(next) with { Read = new ReadEvent(next.Round, next.Name, next.Detail, next.Pages, next.Elapsed.TotalSeconds) },
        MigrationEventKind.Round => Line(next) with
        {
            Round = new RoundEvent(next.Round, next.Pages, next.SentPages, next.ZeroPages, next.Bytes, next.Elapsed.TotalSeconds, next.BytesPerSecond),
        },
        MigrationEventKind.DeviceState => Line(next) with { Device = new DeviceEvent(next.Name, next.Detail) },
        MigrationEventKind.Ended => Line(next) with
        {
            End = new EndEvent
            {
                Outcome = next.Name,
                Reason = next.Detail.Length > 0 ? next.Detail : null,
                DowntimeSeconds = next.Elapsed.TotalSeconds,
                SentPages = next.SentPages,
                ZeroPages = next.ZeroPages,
                SentBytes = next.Bytes,
            },
        },
        _ => throw new InvalidOperationException($"The engine told of {next.Kind}, which no log knows."),
    };

    private BeginEvent Begin(in MigrationEvent began) => new()
    {
        StartedAt = DateTimeOffset.ParseExact(began.Detail, "O", CultureInfo.InvariantCulture),
        Ferry = FerryVersion,
        Accelerator = hosted.Machine.Accelerator,
        MemoryBytes = hosted.Machine.Memory.TotalBytes,
        Vcpus = hosted.Machine.VcpuCount,
        Devices = [.. hosted.Machine.Devices.Select(device => device.Id)],
        Policy = policy,
        Plan = plan,
    };
}
