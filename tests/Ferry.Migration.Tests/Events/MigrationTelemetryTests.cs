using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Ferry.Migration.Events;
using Ferry.Migration.Tests.Engine;
using Xunit;

namespace Ferry.Migration.Tests.Events;

/// <summary>Alone, since who listens listens to the whole process.</summary>
[Collection(nameof(AllocationTests))]
public sealed class MigrationTelemetryTests
{
    private static readonly MigrationEvent[] Events =
    [
        new(MigrationEventKind.Began, TimeSpan.FromSeconds(1), 0, "id", "2026-01-02T03:04:05.0000000+00:00"),
        new(MigrationEventKind.Step, TimeSpan.FromSeconds(2), 1, "copy dirty pages", "round", Elapsed: TimeSpan.FromSeconds(1)),
        new(MigrationEventKind.TrackerRead, TimeSpan.FromSeconds(2), 1, "kvm-log", "vcpus", 7, Elapsed: TimeSpan.FromSeconds(0.5)),
        new(MigrationEventKind.Round, TimeSpan.FromSeconds(3), 1, "round", "", 30, 10, 20, 5000, TimeSpan.FromSeconds(2), 2500),
        new(MigrationEventKind.DeviceState, TimeSpan.FromSeconds(3), 1, "nic0", "STOP_COPY"),
        new(MigrationEventKind.Step, TimeSpan.FromSeconds(4), 1, "pause vCPUs", "switchover", Elapsed: TimeSpan.FromSeconds(0.25)),
        new(MigrationEventKind.Ended, TimeSpan.FromSeconds(5), 1, "completed", "", 30, 10, 20, 5000, TimeSpan.FromSeconds(0.125)),
    ];

    [Fact]
    public void Each_event_is_measured_under_the_documented_name_and_unit()
    {
        var measured = new ConcurrentBag<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MigrationTelemetry.Name)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        void Add(Instrument instrument, FormattableString value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            measured.Add($"{instrument.Name} {FormattableString.Invariant(value)} {instrument.Unit} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}");
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, $"{value}", tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, $"{value}", tags));
        listener.Start();
        Feed(new MigrationTelemetry("demo", "source"));
        string[] expected =
        [
            "ferry.migration.bandwidth 2500 By/s machine=demo",
            "ferry.migration.bytes 5000 By machine=demo",
            "ferry.migration.device.states 1 {state} machine=demo device=nic0 state=STOP_COPY",
            "ferry.migration.downtime 0.125 s machine=demo side=source outcome=completed",
            "ferry.migration.ended 1 {migration} machine=demo side=source outcome=completed",
            "ferry.migration.pages 10 {page} machine=demo contents=data",
            "ferry.migration.pages 20 {page} machine=demo contents=zero",
            "ferry.migration.round.duration 2 s machine=demo",
            "ferry.migration.rounds 1 {round} machine=demo",
            "ferry.migration.step.duration 0.25 s machine=demo side=source phase=switchover step=pause vCPUs",
            "ferry.migration.step.duration 1 s machine=demo side=source phase=round step=copy dirty pages",
            "ferry.migration.tracker.duration 0.5 s machine=demo tracker=kvm-log",
            "ferry.migration.tracker.pages 7 {page} machine=demo tracker=kvm-log sources=vcpus",
        ];
        Assert.Equal(expected, measured.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Activities_lie_in_time_where_what_they_tell_of_lay()
    {
        var ended = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MigrationTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = ended.Add,
        };
        ActivitySource.AddActivityListener(listener);
        Feed(new MigrationTelemetry("demo", "source"));
        Assert.Null(Activity.Current);
        var whole = ended.Single(activity => activity.OperationName == "migration");
        var round = ended.Single(activity => activity.OperationName == "round");
        var pause = ended.Single(activity => activity.OperationName == "pause vCPUs");
        Assert.Equal(3, ended.Count);
        Assert.Equal((new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), TimeSpan.FromSeconds(5)), (whole.StartTimeUtc, whole.Duration));
        Assert.Equal((whole.SpanId, whole.SpanId), (round.ParentSpanId, pause.ParentSpanId));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), (round.StartTimeUtc - whole.StartTimeUtc, round.Duration));
        Assert.Equal((TimeSpan.FromSeconds(3.75), TimeSpan.FromSeconds(0.25)), (pause.StartTimeUtc - whole.StartTimeUtc, pause.Duration));
        Assert.Equal("completed", whole.GetTagItem("ferry.outcome"));
        Assert.Equal("STOP_COPY", whole.Events.Single().Tags.Single(tag => tag.Key == "ferry.state").Value);
    }

    [Fact]
    public void Where_nobody_listens_nothing_is_allocated()
    {
        var telemetry = new MigrationTelemetry("demo", "source");
        Feed(telemetry);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            Feed(telemetry);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Feed(MigrationTelemetry telemetry)
    {
        foreach (ref readonly var next in Events.AsSpan())
        {
            telemetry.Observe(next);
        }
    }
}
