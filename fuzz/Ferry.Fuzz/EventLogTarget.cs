using Ferry.Cli.Events;
using Ferry.Cli.Reporting;

namespace Ferry.Fuzz;

/// <summary>The event log: a file from anywhere. What is read can be shown, and a report made of it, without harm.</summary>
internal sealed class EventLogTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "event-log";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        EventLog log;
        try
        {
            using var stream = new MemoryStream(input.ToArray());
            log = EventLogReader.Read(stream, "/fuzz/events.jsonl");
        }
        catch (EventLogException)
        {
            // Refused, with a reason.
            return;
        }

        _ = ReplayedReport.Of(log);
        var html = MigrationPage.Of(log).ToHtml();
        if (html.Contains("<script", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidOperationException("Text became markup.");
        }
    }
}
