using System.Net.Sockets;

namespace Ferry.Cli.Control;

/// <summary>Serves the control socket of one machine to several clients at a time.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    /// <summary>The longest request line, in bytes.</summary>
    public const int LongestRequestBytes = 16 << 10;

    /// <summary>The most clients at a time; one more is told so and turned away.</summary>
    public const int MostClients = 16;

    private readonly string _path;
    private readonly IControlTarget _target;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _clients = [];
    private readonly Task _accepting;

    /// <summary>Listens at <paramref name="path"/> and serves <paramref name="target"/> until disposed.</summary>
    /// <exception cref="IOException">It can't listen there.</exception>
    public ControlServer(string path, IControlTarget target)
    {
        _path = path;
        _target = target;
        _listener = ControlSocket.Listen(path, MostClients);
        _accepting = AcceptAsync();
    }

    /// <summary>Stops serving, and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        // The file goes first: whoever finds it missing knows that nobody serves it.
        File.Delete(_path);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task[] clients;
        lock (_clients)
        {
            clients = [.. _clients];
        }

        await Task.WhenAll(clients).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that gave up while it waited, or no descriptor left for it: the next one may fare better.
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            lock (_clients)
            {
                _clients.RemoveAll(each => each.IsCompleted);
                _clients.Add(ServeAsync(socket, turnAway: _clients.Count >= MostClients));
            }
        }
    }

    private async Task ServeAsync(Socket socket, bool turnAway)
    {
        await Task.Yield();
        using var connection = new ControlConnection(socket, _target);
        await connection.RunAsync(turnAway, _stop.Token).ConfigureAwait(false);
    }
}
