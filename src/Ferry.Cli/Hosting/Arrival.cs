using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Migration.Destination;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;

namespace Ferry.Cli.Hosting;

/// <summary>The wait for one machine to arrive, and what has to be said about it afterwards.</summary>
/// <param name="listener">Where it may come.</param>
/// <param name="plan">What its devices are taken through.</param>
/// <param name="machineName">What it is called here.</param>
/// <param name="events">Who is told what happens.</param>
internal sealed class Arrival(TcpConnectionListener listener, MigrationPlan plan, string machineName, Action<EventDocument> events) : IAsyncDisposable
{
    private static readonly TimeSpan SettleWait = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _ending = new();
    private MigrationDestination? _destination;
    private Task _answering = Task.CompletedTask;

    /// <summary>Where it listens.</summary>
    public string Address => listener.Address;

    /// <summary>Whether a source may still come and ask what an operator decided here.</summary>
    public bool IsAnswering => !Volatile.Read(ref _answering).IsCompleted;

    /// <summary>Receives the machine; <paramref name="cancellation"/> gives up while the source still holds it. Where the link dies after
    /// <paramref name="started"/> was called, it ends only when the source was told or no longer comes.</summary>
    public async Task<ReceiveReport> RunAsync(IHostedMachine hosted, Action<ProgressDocument> progress, Action started, CancellationToken cancellation)
    {
        var teller = new EventTeller(machineName, EventDocument.DestinationSide, hosted, policy: null, plan: null);
        var options = new DestinationOptions { Listener = listener, Load = plan.Load, Start = plan.Start, Started = started, Events = teller.Buffer };
        var destination = new MigrationDestination(hosted.Machine, options);
        _destination = destination;
        var report = await EngineThread.RunAsync(
            () => destination.Run(cancellation),
            () =>
            {
                var now = destination.GetProgress();
                // While the machine stands still nothing else is done here.
                if (now.Phase is MigrationPhase.Handshake or MigrationPhase.Populate or MigrationPhase.Setup or MigrationPhase.Rounds)
                {
                    teller.TellInTime(events);
                }

                if (now.Phase != MigrationPhase.Waiting)
                {
                    progress(DocumentMapping.Of(now));
                }
            }).ConfigureAwait(false);
        teller.Tell(events);
        return report;
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
        var state = StateAfter(await EngineThread.RunAsync(
            () => choice switch
            {
                SettleChoice.Ask => destination.AwaitSettlement(SettleWait, cancellation),
                SettleChoice.Resume => destination.Settle(InDoubtDecision.RunHere),
                _ => destination.Settle(InDoubtDecision.GiveUpHere),
            },
            () => { }).ConfigureAwait(false));
        if (choice != SettleChoice.Ask)
        {
            // The source is in doubt as well, or will be, and learns it when it asks.
            Volatile.Write(ref _answering, EngineThread.RunAsync(() => Answer(destination), () => { }));
        }

        return state;
    }

    /// <summary>Stops answering.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        await _answering.ConfigureAwait(false);
        _ending.Dispose();
    }

    private bool Answer(MigrationDestination destination)
    {
        destination.Answer(Timeout.InfiniteTimeSpan, _ending.Token);
        return true;
    }
}
