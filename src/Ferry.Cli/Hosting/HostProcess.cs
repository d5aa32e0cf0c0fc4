using System.Net;
using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;
using Ferry.Migration.Transport;

namespace Ferry.Cli.Hosting;

/// <summary>The life of a process that holds a machine: start or arrival, control socket, end.</summary>
internal sealed class HostProcess(MachineFile file, Screen screen, bool stay, bool json)
{
    private static readonly TimeSpan StreamTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Runs the machine of the file, or the one that arrives at <paramref name="listen"/>, until the end, and gives the exit code.</summary>
    public async Task<int> RunAsync(IPEndPoint? listen, CancellationToken cancellation)
    {
        using var hosted = RealMachine.Create(file);
        var host = new MachineHost(file, hosted);
        using var listener = listen is null ? null : new TcpConnectionListener(listen, StreamTimeout);
        if (listener is null)
        {
            hosted.Prepare(Say, cancellation);
        }

        await using var control = new ControlServer(file.ControlSocket, host);
        var code = listener is null ? StartHere(host) : await ReceiveAsync(host, listener, cancellation).ConfigureAwait(false);
        if (code != ExitCodes.Failed)
        {
            await HoldAsync(host, cancellation).ConfigureAwait(false);
            await host.CancelMigrationAsync().ConfigureAwait(false);
            code = ExitCodeOf(host.State);
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

    private async Task<int> ReceiveAsync(MachineHost host, TcpConnectionListener listener, CancellationToken cancellation)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var receiving = host.ReceiveAsync(new Arrival(listener), giveUp.Token);
        Say($"ready: waiting for the machine '{file.Name}' at {listener.Address}, control socket {file.ControlSocket}");
        if (await Task.WhenAny(receiving, host.QuitAsked).ConfigureAwait(false) != receiving)
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
        }

        var code = await receiving.ConfigureAwait(false);
        if (code != ExitCodes.InDoubt)
        {
            // In doubt the source comes back here.
            listener.Dispose();
        }

        var status = host.GetStatus();
        Say(code == ExitCodes.Done ? $"the machine '{file.Name}' runs here now" : $"{status.State}: {status.Reason}");
        return code;
    }

    private async Task HoldAsync(MachineHost host, CancellationToken cancellation)
    {
        var ends = Task.WhenAny(stay ? [host.QuitAsked] : [host.QuitAsked, host.Moved]);
        using var line = new StatusLine(screen.Progress);
        try
        {
            while (!ends.IsCompleted && host.State != MachineStates.Failed)
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
