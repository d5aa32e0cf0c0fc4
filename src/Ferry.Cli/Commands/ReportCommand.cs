using System.CommandLine;
using Ferry.Bench.Profiles;
using Ferry.Cli.Reporting;
using Ferry.Cli.Ui;
using Ferry.Linux.Files;
using Ferry.Report;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry report</c>: the report of a cost profile.</summary>
internal static class ReportCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var profile = new Argument<string>("profile") { Description = "A cost profile, as 'ferry bench' wrote it.", HelpName = "PROFILE" };
        var output = OptionFactory.Text("--out", "The HTML file; pictures and numbers go into a folder beside it.", "FILE", required: true);
        var command = new Command("report", "Draw what a cost profile holds: device throughput, guest progress, report cost and amplification by tracker and page size, and what the cost model predicts from it.") { profile, output };
        command.SetAction((parsed, _) =>
        {
            var path = OrdinaryFile.Resolve(parsed.GetValue(output)!);
            var measured = ProfileFile.Read(parsed.GetValue(profile)!);
            BenchPage.Of(measured, ModelPredictions.Of(measured)).Write(path);
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            screen.Progress.Profile.Out.Writer.WriteLine($"report: {path}, pictures and numbers in {ReportPage.DataFolderOf(path)}");
            return Task.FromResult(ExitCodes.Done);
        });
        HelpWithExample.AddTo(command, "ferry report profile.json --out bench.html");
        return command;
    }
}
