using System.Net;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;
using Ferry.Migration.Transport;

namespace Ferry.Cli.Hosting;

/// <summary>The life of a process that holds a machine: start or arrival, control socket, end.</summary>
internal sealed class HostProcess(MachineFile file, Screen screen, bool stay, bool json, EventLogWriter? events = null)
{
    private static readonly TimeSpan StreamTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the machine of the file, or the one that arrives at <paramref name="listen"/>, until the end, and gives the exit code.</summary>
    /// <param name="listen">Where to wait for a machine; null to start one.</param>
    /// <param name="orphaned">Ends all at once: nobody is left for whom the machine could run.</param>
    /// <param name="signalled">Ends the wait for a machine, or the one that runs; never one that came to run here after it was given.</param>
    public async Task<int> RunAsync(IPEndPoint? listen, CancellationToken orphaned, CancellationToken signalled)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(orphaned, signalled);
        var cancellation = ending.Token;
        using var hosted = RealMachine.Create(file);
        var host = new MachineHost(file, hosted);
        using var listener = listen is null ? null : new TcpConnectionListener(listen, StreamTimeout);
        if (listener is null)
        {
            hosted.Prepare(Say, cancellation);
        }

        await using var arrival = listener is null ? null : new Arrival(listener, Planning.CreateArrival(hosted), file.Name, each => events?.Write(each));
        await using var control = new ControlServer(file.ControlSocket, host);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var receiving = arrival is null ? Task.FromResult(StartHere(host)) : host.ReceiveAsync(arrival, giveUp.Token);
        var code = arrival is null ? ExitCodes.Done : await ArriveAsync(host, arrival, receiving, giveUp).ConfigureAwait(false);
        if (code != ExitCodes.Failed)
        {
            var isLate = arrival is not null && signalled.IsCancellationRequested && host.Arrived.IsCompleted;
            if (isLate)
            {
                Say($"too late to be ended: the source gave the machine away, and it runs here only; 'ferry tell quit --control {file.ControlSocket}' ends it");
            }

            await HoldAsync(host, arrival, isLate ? orphaned : cancellation).ConfigureAwait(false);
            await host.CancelMigrationAsync().ConfigureAwait(false);
            code = ExitCodeOf(host.State);
        }

        await giveUp.CancelAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
        if (events?.Failure is { } failure)
        {
            Say($"--events: the log {events.Path} ends after {events.Lines} lines, what came then is lost: {failure}");
        }

        var status = host.GetStatus();
        Say($"ended: the machine '{file.Name}' was {status.State} here{(status.Reason is null ? "" : $" ({status.Reason})")}");
        if (json)
        {
            await screen.OutputWriter.WriteLineAsync(JsonSerializer.Serialize(status, ControlJson.Indented.MachineStatus)).ConfigureAwait(false);
        }

        return code;
    }

    private int StartHere(MachineHost host)
    {
        host.Start();
        Say($"ready: the machine '{file.Name}' runs, accelerator {host.GetStatus().Accelerator}, control socket {file.ControlSocket}");
        return ExitCodes.Done;
    }

    // Until the machine runs here, or it is known that it does not.
    private async Task<int> ArriveAsync(MachineHost host, Arrival arrival, Task<int> receiving, CancellationTokenSource giveUp)
    {
        Say($"ready: waiting for the machine '{file.Name}' at {arrival.Address}, control socket {file.ControlSocket}");
        var arrived = Task.WhenAny(receiving, host.Arrived);
        if (await Task.WhenAny(arrived, host.QuitAsked).ConfigureAwait(false) != arrived)
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
        }

        await arrived.ConfigureAwait(false);
        var code = host.Arrived.IsCompleted ? ExitCodes.Done : await receiving.ConfigureAwait(false);
        var status = host.GetStatus();
        Say(code == ExitCodes.Done ? $"the machine '{file.Name}' runs here now" : $"{status.State}: {status.Reason}");
        return code;
    }

    private async Task HoldAsync(MachineHost host, Arrival? arrival, CancellationToken cancellation)
    {
        var ends = Task.WhenAny(stay ? [host.QuitAsked] : [host.QuitAsked, host.Moved]);
        using var line = new StatusLine(screen.Progress);
        try
        {
            while (!ends.IsCompleted && (host.State != MachineStates.Failed || arrival is { IsAnswering: true }))
            {
                await Task.WhenAny(ends, Task.Delay(WatchInterval, cancellation)).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
                line.Show(host.GetStatus());
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to end by a signal.
        }
    }

    private void Say(string text) => screen.Progress.Profile.Out.Writer.WriteLine(text);

    private static int ExitCodeOf(string state) => state switch
    {
        MachineStates.InDoubt => ExitCodes.InDoubt,
        MachineStates.Failed => ExitCodes.Failed,
        _ => ExitCodes.Done,
    };
}
