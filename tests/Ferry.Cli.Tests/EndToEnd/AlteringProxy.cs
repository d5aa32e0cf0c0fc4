using System.Net;
using System.Net.Sockets;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A proxy between a source and a destination that alters one bit on its way.</summary>
internal sealed class AlteringProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _destination;
    private long _bytesUntilAltered;

    public AlteringProxy(string destination, long alterAtByte)
    {
        (_destination, _bytesUntilAltered) = (IPEndPoint.Parse(destination), alterAtByte);
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public bool WasAltered { get; private set; }

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var source = await _listener.AcceptTcpClientAsync();
                _ = ForwardAsync(source);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ForwardAsync(TcpClient source)
    {
        using (source)
        using (var destination = new TcpClient())
        {
            await destination.ConnectAsync(_destination);
            await Task.WhenAny(CopyAsync(source.GetStream(), destination.GetStream(), alter: true), CopyAsync(destination.GetStream(), source.GetStream(), alter: false));
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool alter)
    {
        var buffer = new byte[64 << 10];
        try
        {
            for (int count; (count = await from.ReadAsync(buffer)) > 0; await to.WriteAsync(buffer.AsMemory(0, count)))
            {
                var left = alter ? Interlocked.Add(ref _bytesUntilAltered, -count) : 1;
                if (left <= 0 && left + count > 0)
                {
                    buffer[count - 1 + left] ^= 0x10;
                    WasAltered = true;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One side went.
        }
    }
}
