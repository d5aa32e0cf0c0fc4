using System.CommandLine;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary>The options that say what a migration leaves behind; <c>migrate</c> and <c>demo</c> share them.</summary>
internal sealed class RecordingOptions
{
    private readonly Option<string?> _events = OptionFactory.Events();
    private readonly Option<string?> _report = OptionFactory.Report();

    /// <summary>The options, added to <paramref name="command"/>.</summary>
    public RecordingOptions(Command command)
    {
        command.Add(_events);
        command.Add(_report);
    }

    /// <summary>Carries a migration out and records it, however it ends.</summary>
    /// <exception cref="UsageException">What is asked for can't be written; nothing was begun.</exception>
    public async Task<MigrationDocument> RunAsync(ParseResult parsed, Screen screen, Func<Action<EventDocument>?, Task<MigrationDocument>> migrate)
    {
        using var recording = new MigrationRecording(parsed.GetValue(_events), parsed.GetValue(_report));
        MigrationDocument report;
        try
        {
            report = await migrate(recording.Events).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            recording.Finish(null, e.Message, screen.Progress);
            throw;
        }

        recording.Finish(report, null, screen.Progress);
        return report;
    }
}
