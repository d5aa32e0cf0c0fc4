using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry policy</c>: what a policy file and options come to.</summary>
internal static class PolicyCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new Command("policy", "Look at policies: who tracks which source of writes, at what page size, when devices stop, and within which limits.") { CreateShow() };
        HelpWithExample.AddTo(command, "ferry policy show --policy policy.toml");
        return command;
    }

    private static Command CreateShow()
    {
        var json = OptionFactory.Json();
        var command = new Command(
            "show", "Print every value that holds and where it comes from: the file and its line, an option, or the default. What it comes to on a machine, 'ferry plan' says.")
        {
            json,
        };
        var options = new MigrateOptions(command, verifyByDefault: false);
        command.SetAction(parsed =>
        {
            var policy = PolicyDescription.Of(options.ReadPolicy(parsed));
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(json))
            {
                screen.OutputWriter.WriteLine(JsonSerializer.Serialize(policy, ControlJson.Indented.PolicyDocument));
            }
            else
            {
                PolicyView.Write(screen.Output, policy);
            }

            return ExitCodes.Done;
        });
        HelpWithExample.AddTo(command, "ferry policy show --policy examples/policy.toml", "ferry policy show --policy policy.toml --downtime 50ms --json");
        return command;
    }
}
