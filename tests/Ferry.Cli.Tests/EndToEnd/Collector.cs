using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A collector on loopback: it takes what is posted to it, and keeps it by path.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, string> _posted = new();
    private readonly Task _serving;

    public Collector()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>All that was posted to a path, as text in which names can be found.</summary>
    public string PostedTo(string path) => _posted.GetValueOrDefault(path, "");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
            {
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(clients);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                while (await ReadHeadAsync(stream) is { } head)
                {
                    var lines = head.Split("\r\n");
                    var length = int.Parse(lines.Single(line => line.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase)).AsSpan(16), System.Globalization.CultureInfo.InvariantCulture);
                    var body = new byte[length];
                    await stream.ReadExactlyAsync(body, _stop.Token);
                    _posted.AddOrUpdate(lines[0].Split(' ')[1], _ => Encoding.Latin1.GetString(body), (_, before) => before + Encoding.Latin1.GetString(body));
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // The client is gone, or the test is over.
            }
        }
    }

    private async Task<string?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var next = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(next, _stop.Token) == 0)
            {
                return null;
            }

            head.Append((char)next[0]);
        }

        return head.ToString();
    }
}
