using System.Text;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Tests.Control;

namespace Ferry.Cli.Tests.Events;

/// <summary>A log of each kind of event, and the same as bytes.</summary>
internal static class SampleLog
{
    public const string Hostile = "nic<script>alert(1)</script>";

    public static EventDocument Empty { get; } = new() { Version = 1, Migration = "6f0a1f0e-2b0f-4a8e-9c7d-0d3f0f9a1b11", Machine = "demo", Side = EventDocument.SourceSide, Seconds = 0 };

    public static IReadOnlyList<EventDocument> Events { get; } =
    [
        Empty with
        {
            Begin = new BeginEvent
            {
                StartedAt = DateTimeOffset.UnixEpoch, Ferry = "0.1.0", Accelerator = "kvm", MemoryBytes = 1 << 30, Vcpus = 2, Devices = [Hostile], Policy = new MigrateRequest(),
            },
        },
        Empty with { Seconds = 0.1, Step = new StepEvent("setup", 0, "start tracker kvm-log", 0.05) },
        Empty with { Seconds = 0.2, Device = new DeviceEvent(Hostile, "PRE_COPY") },
        Empty with { Seconds = 0.6, Step = new StepEvent("round", 1, "copy dirty pages", 0.4) },
        Empty with { Seconds = 0.61, Read = new ReadEvent(1, "kvm-log", "vcpus", 1000, 0.001) },
        Empty with { Seconds = 0.61, Read = new ReadEvent(1, "device", Hostile, 500, 0.002) },
        Empty with { Seconds = 0.62, Round = new RoundEvent(1, 262144, 200000, 62144, 820_000_000, 0.5, 2e9) },
        Empty with { Seconds = 0.7, Round = new RoundEvent(2, 1500, 1500, 0, 6_200_000, 0.1, 1e9) },
        Empty with { Seconds = 0.8, Step = new StepEvent("switchover", 2, "pause vCPUs", 0.001) },
        Empty with { Seconds = 0.81, Step = new StepEvent("switchover", 2, $"stop-copy of device {Hostile}", 0.004) },
        Empty with { Seconds = 0.82, Lost = new LostEvent(3) },
        Empty with
        {
            Seconds = 0.9,
            End = new EndEvent { Outcome = "completed", DowntimeSeconds = 0.01, SentPages = 10, ZeroPages = 20, SentBytes = 1000, Report = FakeTarget.Report with { RunsAt = RunsAt.Destination } },
        },
    ];

    public static string Line(EventDocument next) => JsonSerializer.Serialize(next, EventJson.Default.EventDocument) + "\n";

    public static string Text(IEnumerable<EventDocument> events) => string.Concat(events.Select(Line));

    public static EventLog Read(string text)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return EventLogReader.Read(stream, "events.jsonl");
    }
}
