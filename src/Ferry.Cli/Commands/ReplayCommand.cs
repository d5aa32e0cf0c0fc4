using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Events;
using Ferry.Cli.Reporting;
using Ferry.Cli.Ui;
using Ferry.Linux.Files;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry replay</c>: what an event log says, as the migration itself said it.</summary>
internal static class ReplayCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var events = new Argument<string>("events") { Description = "An event log, as --events wrote it.", HelpName = "EVENTS" };
        var report = OptionFactory.Report();
        var json = OptionFactory.Json();
        var command = new Command("replay", "Show what an event log tells of a migration, and make its report from it. Exits as the migration did; 1 where the log does not hold its end.")
        {
            events, report, json,
        };
        command.SetAction(async (parsed, _) =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var log = EventLogReader.Read(parsed.GetValue(events)!);
            var document = ReplayedReport.Of(log);
            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(document, ControlJson.Indented.MigrationDocument)).ConfigureAwait(false);
            }
            else
            {
                MigrationView.Write(screen.Output, document);
            }

            if (parsed.GetValue(report) is { } path)
            {
                MigrationPage.Of(log).Write(OrdinaryFile.Resolve(path));
            }

            return log.End is null ? ExitCodes.Failed : MigrateCommand.ExitCodeOf(document);
        });
        HelpWithExample.AddTo(command, "ferry replay events.jsonl", "ferry replay events.jsonl --report report.html --json");
        return command;
    }
}
