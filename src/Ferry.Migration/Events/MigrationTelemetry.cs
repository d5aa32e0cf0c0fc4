using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Ferry.Migration.Events;

/// <summary>A migration's events as measurements and activities of .NET, under one name.</summary>
/// <remarks>
/// It is fed with what is taken out of a <see cref="MigrationEventBuffer"/>, so that whoever listens runs beside the engine and never within it.
/// Where nobody listens nothing is allocated. docs/observability.md lists what there is. Used by one thread at a time.
/// </remarks>
/// <param name="machine">The machine's name.</param>
/// <param name="side"><c>source</c> or <c>destination</c>.</param>
public sealed class MigrationTelemetry(string machine, string side)
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Ferry.Migration";

    private static readonly ActivitySource Activities = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Migrations = Meter.CreateCounter<long>("ferry.migration.ended", "{migration}", "Migrations that ended.");
    private static readonly Counter<long> Rounds = Meter.CreateCounter<long>("ferry.migration.rounds", "{round}", "Rounds before switchovers.");
    private static readonly Counter<long> Pages = Meter.CreateCounter<long>("ferry.migration.pages", "{page}", "Pages of 4 KiB sent in rounds.");
    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>("ferry.migration.bytes", "By", "Bytes that destinations acknowledged in rounds.");
    private static readonly Counter<long> Dirty = Meter.CreateCounter<long>("ferry.migration.tracker.pages", "{page}", "Pages that trackers reported and that were not dirty before.");
    private static readonly Counter<long> States = Meter.CreateCounter<long>("ferry.migration.device.states", "{state}", "States that devices came into.");
    private static readonly Gauge<double> Bandwidth = Meter.CreateGauge<double>("ferry.migration.bandwidth", "By/s", "Bandwidth of the last round while pages were copied.");
    private static readonly Histogram<double> RoundTime = Meter.CreateHistogram<double>("ferry.migration.round.duration", "s", "Time of a round.");
    private static readonly Histogram<double> ReadTime = Meter.CreateHistogram<double>("ferry.migration.tracker.duration", "s", "Time that reading a tracker took in a sync.");
    private static readonly Histogram<double> StepTime = Meter.CreateHistogram<double>("ferry.migration.step.duration", "s", "Time of a step; those of the switchover are the downtime's parts.");
    private static readonly Histogram<double> Downtime = Meter.CreateHistogram<double>("ferry.migration.downtime", "s", "Time in which no vCPU executed.");

    private Activity? _whole;
    private DateTimeOffset _began;

    /// <summary>Measures one event.</summary>
    public void Observe(in MigrationEvent next)
    {
        switch (next.Kind)
        {
            case MigrationEventKind.Began: Begin(next); break;
            case MigrationEventKind.Step: Step(next); break;
            case MigrationEventKind.TrackerRead: Read(next); break;
            case MigrationEventKind.Round: Round(next); break;
            case MigrationEventKind.DeviceState: State(next); break;
            case MigrationEventKind.Ended: End(next); break;
            default: break;
        }
    }

    private void Begin(in MigrationEvent next)
    {
        if (Activities.HasListeners())
        {
            _began = DateTimeOffset.ParseExact(next.Detail, "O", CultureInfo.InvariantCulture);
            _whole = Start("migration", default, _began);
            _whole?.SetTag("ferry.migration.id", next.Name);
        }
    }

    private void Step(in MigrationEvent next)
    {
        if (StepTime.Enabled)
        {
            StepTime.Record(next.Elapsed.TotalSeconds, Tag("machine", machine), Tag("side", side), Tag("phase", next.Detail), Tag("step", next.Name));
        }

        // Those of rounds are many; the round stands for them.
        if (_whole is not null && next.Detail != "round")
        {
            Tell(next.Name, next)?.SetTag("ferry.phase", next.Detail).Stop();
        }
    }

    private void Read(in MigrationEvent next)
    {
        if (ReadTime.Enabled)
        {
            ReadTime.Record(next.Elapsed.TotalSeconds, Tag("machine", machine), Tag("tracker", next.Name));
        }

        if (Dirty.Enabled)
        {
            Dirty.Add((long)next.Pages, Tag("machine", machine), Tag("tracker", next.Name), Tag("sources", next.Detail));
        }
    }

    private void Round(in MigrationEvent next)
    {
        var (tag, elapsed) = (Tag("machine", machine), next.Elapsed.TotalSeconds);
        if (Rounds.Enabled)
        {
            Rounds.Add(1, tag);
        }

        if (Pages.Enabled)
        {
            Pages.Add((long)next.SentPages, tag, Tag("contents", "data"));
            Pages.Add((long)next.ZeroPages, tag, Tag("contents", "zero"));
        }

        if (Bytes.Enabled)
        {
            Bytes.Add((long)next.Bytes, tag);
        }

        if (Bandwidth.Enabled)
        {
            Bandwidth.Record(next.BytesPerSecond, tag);
        }

        if (RoundTime.Enabled)
        {
            RoundTime.Record(elapsed, tag);
        }

        if (_whole is not null)
        {
            Tell("round", next)?.SetTag("ferry.round", next.Round).SetTag("ferry.dirty_pages", (long)next.Pages).SetTag("ferry.bytes", (long)next.Bytes).Stop();
        }
    }

    private void State(in MigrationEvent next)
    {
        if (States.Enabled)
        {
            States.Add(1, Tag("machine", machine), Tag("device", next.Name), Tag("state", next.Detail));
        }

        _whole?.AddEvent(new ActivityEvent(
            "device state", _began + next.At, new ActivityTagsCollection { ["ferry.device"] = next.Name, ["ferry.state"] = next.Detail }));
    }

    private void End(in MigrationEvent next)
    {
        if (Migrations.Enabled)
        {
            Migrations.Add(1, Tag("machine", machine), Tag("side", side), Tag("outcome", next.Name));
        }

        if (Downtime.Enabled)
        {
            Downtime.Record(next.Elapsed.TotalSeconds, Tag("machine", machine), Tag("side", side), Tag("outcome", next.Name));
        }

        if (_whole is { } whole)
        {
            whole.SetTag("ferry.outcome", next.Name).SetTag("ferry.downtime_seconds", next.Elapsed.TotalSeconds);
            whole.SetStatus(next.Detail.Length > 0 ? ActivityStatusCode.Error : ActivityStatusCode.Ok, next.Detail.Length > 0 ? next.Detail : null);
            whole.SetEndTime((_began + next.At).UtcDateTime);
            whole.Stop();
            _whole = null;
        }
    }

    /// <summary>An activity that has ended, but for its tags.</summary>
    private Activity? Tell(string name, in MigrationEvent next)
    {
        var activity = Start(name, _whole!.Context, _began + next.At - next.Elapsed);
        return activity?.SetEndTime((_began + next.At).UtcDateTime);
    }

    // Not the current one of this thread: it is told of afterwards.
    private Activity? Start(string name, ActivityContext parent, DateTimeOffset began)
    {
        var current = Activity.Current;
        Activity.Current = null;
        var activity = Activities.StartActivity(name, ActivityKind.Internal, parent, startTime: began);
        activity?.SetTag("ferry.machine", machine).SetTag("ferry.side", side);
        Activity.Current = current;
        return activity;
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
