using System.CommandLine;
using System.Text.Json;
using Ferry.Bench.Profiles;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry bench diff</c> and <c>ferry bench merge</c>: two profiles beside each other, or as one.</summary>
internal static class BenchProfilesCommand
{
    /// <summary>The verb that compares.</summary>
    public static Command CreateDiff()
    {
        var (left, right) = (Profile("first"), Profile("second"));
        var all = OptionFactory.Flag("--all", "Show costs that do not differ as well.");
        var json = OptionFactory.Json();
        var command = new Command("diff", "Show which costs of two profiles differ by more than their errors.") { left, right, all, json };
        command.SetAction(parsed =>
        {
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            var (first, second) = (ProfileFile.Read(parsed.GetValue(left)!), ProfileFile.Read(parsed.GetValue(right)!));
            var differences = ProfileDiff.Of(first, second);
            var hosts = ProfileMerge.WhyNot(first, second);
            if (parsed.GetValue(json))
            {
                var document = new BenchDiffDocument(hosts, differences.Count(each => each.IsReal), differences);
                screen.OutputWriter.WriteLine(JsonSerializer.Serialize(document, ControlJson.Indented.BenchDiffDocument));
                return ExitCodes.Done;
            }

            BenchView.WriteDiff(screen.Output, differences, parsed.GetValue(all));
            if (hosts is not null)
            {
                screen.OutputWriter.WriteLine($"They are not of one host as it was: {hosts}.");
            }

            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry bench diff before.json after.json", "ferry bench diff before.json after.json --all --json");
        return command;
    }

    /// <summary>The verb that makes one of two.</summary>
    public static Command CreateMerge()
    {
        var (left, right) = (Profile("first"), Profile("second"));
        var output = OptionFactory.Text("--out", "Where the merged profile goes.", "FILE", required: true);
        var otherHost = OptionFactory.Flag("--other-host", "Merge profiles of different hosts, kernels or versions: the result says that it is of the first one's.");
        var command = new Command("merge", "Make one profile of the samples of two of the same host, and fit costs to all of them.") { left, right, output, otherHost };
        command.SetAction(parsed =>
        {
            var (first, second) = (ProfileFile.Read(parsed.GetValue(left)!), ProfileFile.Read(parsed.GetValue(right)!));
            if (!parsed.GetValue(otherHost) && ProfileMerge.WhyNot(first, second) is { } why)
            {
                throw new UsageException($"bench merge: {why}; samples of different hosts are no samples of one; --other-host merges them all the same");
            }

            var merged = ProfileMerge.Of(first, second);
            var path = parsed.GetValue(output)!;
            ProfileFile.Write(path, merged);
            parsed.InvocationConfiguration.Error.WriteLine(FormattableString.Invariant($"{path}: {merged.Samples.Count} points, {merged.Costs.Count} costs"));
            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry bench merge monday.json tuesday.json --out both.json");
        return command;
    }

    private static Argument<string> Profile(string name) => new(name) { Description = $"The {name} profile.", HelpName = name.ToUpperInvariant() };
}
