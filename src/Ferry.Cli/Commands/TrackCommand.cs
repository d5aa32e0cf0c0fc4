using System.CommandLine;
using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry track</c>: changes who tracks a source in the middle of a migration.</summary>
internal static class TrackCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var source = new Argument<string>("SOURCE") { Description = "The source of writes: vcpus, or the id of a device." };
        var control = OptionFactory.Control(required: true);
        var with = OptionFactory.Choice("--with", "The tracker that takes the place of all others of the source: it starts before they stop.", null, PolicyChoices.Trackers);
        var add = OptionFactory.Choice("--add", "A tracker that starts beside the others.", null, PolicyChoices.Trackers);
        var drop = OptionFactory.Choice("--drop", "A tracker that stops; refused where nothing else would see what the source writes.", null, PolicyChoices.Trackers);
        var pageSize = OptionFactory.Size("--page-size", "The tracking page size; the finest that it offers where not given.", null);
        var json = OptionFactory.Json();
        var command = new Command(
            "track",
            "Change who tracks a source while its machine is migrated, at the sync of the next round; no write is lost. A tracker that only changes its page size has to stop "
                + "and start, and everything counts as dirty once.")
        {
            source, control, with, add, drop, pageSize, json,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            string?[] names = [parsed.GetValue(with), parsed.GetValue(add), parsed.GetValue(drop)];
            if (names.OfType<string>().ToArray() is not [var name])
            {
                throw new UsageException("track needs one of --with, --add and --drop");
            }

            var kind = TrackRequest.Kinds[Array.IndexOf(names, name)];
            var request = new TrackRequest { Source = parsed.GetValue(source)!, With = name, Kind = kind, PageSizeBytes = parsed.GetValue(pageSize).Bytes };
            var reply = await ControlClient.AskAsync(
                parsed.GetValue(control)!, new ControlRequest { Verb = ControlVerbs.Track, Track = request }, cancellation).ConfigureAwait(false);
            StatusCommand.Write(new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error), reply, parsed.GetValue(json));
            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(
            command, "ferry track nic0 --control source.sock --with device --page-size 64K", "ferry track vcpus --control source.sock --with all");
        return command;
    }
}
