using System.Net;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.Values;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;

namespace Ferry.Cli.Hosting;

/// <summary>One attempt to move a machine away.</summary>
internal sealed class Departure(string machineName, IHostedMachine hosted, MigrateRequest request)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StreamTimeout = TimeSpan.FromSeconds(30);

    private MigrationSource? _source;
    private TrackerSelection? _trackers;

    /// <summary>Moves the machine; <paramref name="cancellation"/> rolls back.</summary>
    /// <exception cref="ControlException">No plan exists; nothing was started.</exception>
    public async Task<MigrationDocument> RunAsync(Action<ProgressDocument> progress, Action<EventDocument> events, CancellationToken cancellation)
    {
        var address = ParseAddress(request.To ?? "");
        var trackers = hosted.SelectTrackers(request);
        _trackers = trackers;
        var plan = Planning.Create(machineName, hosted, trackers, request);
        var teller = new EventTeller(machineName, EventDocument.SourceSide, hosted, request, PlanDocument.Of(plan));
        var source = new MigrationSource(hosted.Machine, new SourceOptions
        {
            Plan = plan,
            Trackers = trackers.Trackers,
            Connector = new TcpConnector(address, ConnectTimeout, StreamTimeout),
            Convergence = ToConvergence(request),
            Channels = request.Channels,
            Compression = Enum.Parse<PageCompression>(request.Compress, ignoreCase: true),
            Populate = Enum.Parse<PopulateMode>(request.Populate, ignoreCase: true),
            SettleWait = TimeSpan.FromSeconds(request.SettleSeconds),
            CrossCheck = request.CrossCheck,
            Events = teller.Buffer,
            BandwidthBytesPerSecond = (long?)request.BandwidthBytesPerSecond,
        });
        Volatile.Write(ref _source, source);
        var report = await EngineThread.RunAsync(() => source.Run(cancellation), () =>
        {
            var now = source.GetProgress();
            // While the machine stands still nothing else is done here.
            if (now.Phase is not (MigrationPhase.Switchover or MigrationPhase.Verify or MigrationPhase.Prepared or MigrationPhase.Committed))
            {
                teller.TellInTime(events);
            }

            progress(DocumentMapping.Of(now));
        }).ConfigureAwait(false);
        teller.Tell(events);
        return DocumentMapping.Of(report);
    }

    /// <summary>Changes who tracks a source, at the sync of the next round; returns when that is done.</summary>
    /// <exception cref="Ferry.Tracking.TrackerStartException">The machine has no such tracker for it, or it does not start.</exception>
    /// <exception cref="InvalidOperationException">The migration is not in its rounds, or the source would be left without a tracker.</exception>
    public Task TrackAsync(TrackRequest change)
    {
        if (Volatile.Read(ref _source) is not { } source || _trackers is not { } trackers)
        {
            throw new InvalidOperationException("Nothing was changed: the migration has not begun its rounds.");
        }

        var (tracker, provider) = trackers.Find(change.Source, change.With, change.PageSizeBytes);
        return source.ChangeTrackerAsync(new(Enum.Parse<TrackerChangeKind>(change.Kind, ignoreCase: true), change.Source, tracker, provider));
    }

    /// <summary>Settles a hand-over in doubt, and gives the state that the machine is in then.</summary>
    public async Task<(string State, string? Reason)> SettleAsync(SettleChoice choice, CancellationToken cancellation)
    {
        var source = _source!;
        var report = await EngineThread.RunAsync(
            () => choice switch
            {
                SettleChoice.Ask => source.AskAgain(cancellation),
                SettleChoice.Resume => source.Settle(InDoubtDecision.RunHere),
                _ => source.Settle(InDoubtDecision.GiveUpHere),
            },
            () => { }).ConfigureAwait(false);
        return StateAfter(DocumentMapping.Of(report));
    }

    /// <summary>The state that the machine is in after a report.</summary>
    public (string State, string? Reason) StateAfter(MigrationDocument report) => report.RunsAt switch
    {
        RunsAt.Destination => (MachineStates.Moved, $"to {request.To}"),
        RunsAt.InDoubt => (MachineStates.InDoubt, report.Error),
        _ => (MachineStates.Running, null),
    };

    /// <summary>The same where the engine ended without one, which it never should.</summary>
    public (string State, string? Reason) StateAfterFailure(Exception failure) =>
        _source?.GetProgress().Phase is null or < MigrationPhase.Committed
            ? (MachineStates.Running, null)
            : (MachineStates.InDoubt, $"the migration ended without a report: {failure.Message}");

    private static IPEndPoint ParseAddress(string text) =>
        EndPointText.TryParse(text, out var host, out var port) && port > 0
            ? EndPointText.Resolve(host, port)
            : throw new ControlException(ControlErrors.BadRequest, $"to: '{text}' is not {EndPointText.Form}");

    private static ConvergenceOptions ToConvergence(MigrateRequest request) => new()
    {
        DowntimeLimit = TimeSpan.FromSeconds(request.DowntimeSeconds),
        SwitchoverOverhead = TimeSpan.FromSeconds(request.SwitchoverSeconds),
        StretchCeiling = TimeSpan.FromSeconds(request.MaxDowntimeSeconds),
        MaxRounds = request.MaxRounds,
        MaxTime = TimeSpan.FromSeconds(request.MaxSeconds),
        OnStall = Enum.Parse<StallAction>(request.OnStall, ignoreCase: true),
    };
}
