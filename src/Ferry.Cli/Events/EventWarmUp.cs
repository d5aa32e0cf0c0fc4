using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Migration.Planning;

namespace Ferry.Cli.Events;

/// <summary>Writes and reads an event of each kind once, before a migration begins: what is done for the first time takes a processor for
/// milliseconds, which would fall into the rounds or the switchover.</summary>
internal static class EventWarmUp
{
    /// <summary>Does it. docs/benchmarks.md has what it is worth.</summary>
    public static void Run()
    {
        var empty = new EventDocument { Version = EventDocument.CurrentVersion, Migration = "", Machine = "", Side = EventDocument.SourceSide, Seconds = 0 };
        var step = new PlanStepDocument { Number = 1, Kind = "", Text = "", States = [""], VcpusRun = true, Sources = [""], PageSizeBytes = 1 };
        var begin = new BeginEvent
        {
            StartedAt = DateTimeOffset.UnixEpoch,
            Ferry = "",
            Accelerator = "",
            MemoryBytes = 0,
            Vcpus = 0,
            Devices = [""],
            Policy = new MigrateRequest(),
            Plan = new PlanDocument([""], 1, [new PlanPhaseDocument("", "", "", [step])]),
        };
        EventDocument[] events =
        [
            empty with { Begin = begin },
            empty with { Step = new StepEvent("", 0, "", 0) },
            empty with { Read = new ReadEvent(0, "", "", 0, 0) },
            empty with { Round = new RoundEvent(0, 0, 0, 0, 0, 0, 0) },
            empty with { Device = new DeviceEvent("", "") },
        ];
        var reply = JsonSerializer.SerializeToUtf8Bytes(new ControlReply { Kind = ControlReply.KindEvents, Events = events }, ControlJson.Default.ControlReply);
        foreach (var each in JsonSerializer.Deserialize(reply, ControlJson.Default.ControlReply)!.Events!)
        {
            _ = JsonSerializer.SerializeToUtf8Bytes(each, EventJson.Default.EventDocument);
        }
    }
}
