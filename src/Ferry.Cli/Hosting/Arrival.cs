using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Migration.Destination;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;

namespace Ferry.Cli.Hosting;

/// <summary>The wait for one machine to arrive.</summary>
internal sealed class Arrival(TcpConnectionListener listener)
{
    private static readonly TimeSpan SettleWait = TimeSpan.FromSeconds(10);

    private MigrationDestination? _destination;

    /// <summary>Where it listens.</summary>
    public string Address => listener.Address;

    /// <summary>Receives the machine; <paramref name="cancellation"/> gives up while the source still holds it.</summary>
    public async Task<ReceiveReport> RunAsync(IHostedMachine hosted, Action<ProgressDocument> progress, CancellationToken cancellation)
    {
        var plan = Planning.CreateArrival(hosted);
        var destination = new MigrationDestination(hosted.Machine, new DestinationOptions { Listener = listener, Load = plan.Load, Start = plan.Start });
        _destination = destination;
        return await EngineThread.RunAsync(
            () => destination.Run(cancellation),
            () =>
            {
                var now = destination.GetProgress();
                if (now.Phase != MigrationPhase.Waiting)
                {
                    progress(DocumentMapping.Of(now));
                }
            }).ConfigureAwait(false);
    }

    /// <summary>The state that the machine is in after a report.</summary>
    public static (string State, string? Reason) StateAfter(ReceiveReport report) => report.Outcome switch
    {
        ReceiveOutcome.Running => (MachineStates.Running, null),
        ReceiveOutcome.InDoubt => (MachineStates.InDoubt, report.Reason),
        _ => (MachineStates.Failed, report.Reason),
    };

    /// <summary>Settles a hand-over in doubt, and gives the state that the machine is in then.</summary>
    public async Task<(string State, string? Reason)> SettleAsync(SettleChoice choice, CancellationToken cancellation)
    {
        var destination = _destination!;
        return StateAfter(await EngineThread.RunAsync(
            () => choice switch
            {
                SettleChoice.Ask => destination.AwaitSettlement(SettleWait, cancellation),
                SettleChoice.Resume => destination.Settle(InDoubtDecision.RunHere),
                _ => destination.Settle(InDoubtDecision.GiveUpHere),
            },
            () => { }).ConfigureAwait(false));
    }
}
