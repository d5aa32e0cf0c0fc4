using System.CommandLine;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Hosting;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;

namespace Ferry.Cli.Commands;

/// <summary><c>ferry plan</c>: the sequence and the coverage proof, without moving anything.</summary>
internal static class PlanCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var machine = OptionFactory.Machine(required: false);
        var control = OptionFactory.Control(required: false);
        var json = OptionFactory.Json();
        var command = new Command(
            "plan",
            "Print what tracks which writes and the whole sequence of a migration, without moving anything: of a machine that runs, or of one that could be started.")
        {
            machine, control, json,
        };
        var options = new MigrateOptions(command, verifyByDefault: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = options.Read(parsed);
            var plan = (parsed.GetValue(machine), parsed.GetValue(control)) switch
            {
                ({ } file, null) => OfFile(file, request),
                (null, { } socket) => await OfControlAsync(socket, request, cancellation).ConfigureAwait(false),
                _ => throw new UsageException("plan needs either --machine FILE or --control SOCKET"),
            };
            var screen = new Screen(parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            if (parsed.GetValue(json))
            {
                await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(plan, ControlJson.Indented.PlanningDocument)).ConfigureAwait(false);
            }
            else
            {
                PlanView.Write(screen.Output, plan);
            }

            return plan.Possible ? ExitCodes.Done : ExitCodes.Failed;
        });
        HelpWithExample.AddTo(command, "ferry plan --machine machine.toml", "ferry plan --control ledger.sock --tracker-vcpus kvm-ring --json");
        return command;
    }

    private static PlanningDocument OfFile(string path, MigrateRequest request)
    {
        var file = MachineFileReader.Read(path);
        using var hosted = RealMachine.Create(file);
        return Planning.Describe(file.Name, hosted, request);
    }

    private static async Task<PlanningDocument> OfControlAsync(string socket, MigrateRequest request, CancellationToken cancellation) =>
        (await ControlClient.AskAsync(socket, new ControlRequest { Verb = ControlVerbs.Plan, Migrate = request }, cancellation).ConfigureAwait(false)).Plan
        ?? throw new IOException($"control socket {socket}: the answer holds no plan");
}
