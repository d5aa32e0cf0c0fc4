using Ferry.Cli.Commands;
using Ferry.Cli.Documents;
using Ferry.Cli.Reporting;
using Ferry.Linux.Files;
using Ferry.Report;
using Spectre.Console;

namespace Ferry.Cli.Events;

/// <summary>What a migration leaves behind by <c>--events</c> and <c>--report</c>.</summary>
/// <remarks>What can't be written is refused before the migration begins where that can be known. Later it is said, and the migration is none
/// the worse: its result and exit code are its own.</remarks>
internal sealed class MigrationRecording : IDisposable
{
    // Where there is no room for this much, there is none for a report.
    private const int ReservedBytes = 1 << 20;

    private readonly EventLogWriter? _log;
    private readonly string? _report;
    private readonly List<EventDocument> _events = [];
    private EventDocument? _end;

    /// <summary>Opens what is to be written; null for what is not asked for.</summary>
    /// <exception cref="UsageException">It can't be written.</exception>
    public MigrationRecording(string? eventsPath, string? reportPath)
    {
        _report = reportPath is null ? null : CheckReport(reportPath);
        if (eventsPath is not null || reportPath is not null)
        {
            EventWarmUp.Run();
        }

        _log = eventsPath is null ? null : EventLogWriter.Create(eventsPath, "--events");
    }

    /// <summary>Takes what happens; null where nobody asked for it.</summary>
    public Action<EventDocument>? Events => _log is null && _report is null ? null : Add;

    /// <summary>Ends the recording with what the migration came to.</summary>
    /// <param name="report">Its report, or null where there is none.</param>
    /// <param name="error">Why there is none.</param>
    /// <param name="warnings">Where it is said what could not be written.</param>
    public void Finish(MigrationDocument? report, string? error, IAnsiConsole warnings)
    {
        if (_events.Count == 0)
        {
            return;
        }

        var end = _end ?? _events[^1] with { Begin = null, Step = null, Read = null, Round = null, Device = null, Lost = null, End = NoWord(error) };
        end = end with { End = end.End! with { Report = report } };
        _log?.Write(end);
        if (_log?.Failure is { } failure)
        {
            warnings.WriteLine($"--events: the log {_log.Path} ends after {_log.Lines} lines, what came then is lost: {failure} The migration was not touched by it.");
        }

        if (_report is null)
        {
            return;
        }

        try
        {
            MigrationPage.Of(new EventLog([.. _events, end])).Write(_report);
        }
        // Whatever fails here, from a full disk to a graphics library that is not there, the migration is what counts.
        catch (Exception e)
        {
            warnings.WriteLine($"--report: {_report} could not be written: {e.Message} The migration was not touched by it.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _log?.Dispose();

    private static EndEvent NoWord(string? error) => new()
    {
        Outcome = EndEvent.Unknown,
        Reason = error,
        DowntimeSeconds = 0,
        SentPages = 0,
        ZeroPages = 0,
        SentBytes = 0,
    };

    // Written for good is only what is whole; here it is seen whether anything can be, and where a link leads.
    private static string CheckReport(string path)
    {
        try
        {
            path = OrdinaryFile.Resolve(path);
            if (File.Exists(ReportPage.DataFolderOf(path)))
            {
                throw new IOException($"A file is where its folder has to be, {ReportPage.DataFolderOf(path)}.");
            }

            using var trial = new FileStream($"{path}.partial", new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                PreallocationSize = ReservedBytes,
                Options = FileOptions.DeleteOnClose,
            });
            return path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new UsageException($"--report: {path} can't be written: {e.Message}");
        }
    }

    // The end is written with what is known only after it.
    private void Add(EventDocument next)
    {
        if (next.End is not null)
        {
            _end = next;
            return;
        }

        _events.Add(next);
        _log?.Write(next);
    }
}
