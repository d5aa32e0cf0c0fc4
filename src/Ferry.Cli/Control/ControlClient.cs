using System.Net.Sockets;
using System.Text.Json;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Control;

/// <summary>A client of a control socket, with one request under way at a time, except that it may be cancelled.</summary>
internal sealed class ControlClient : IDisposable
{
    // A report has a line a round, a step and a tracker, each bounded by the host.
    private const int LongestReplyBytes = 4 << 20;

    private readonly string _path;
    private readonly NetworkStream _stream;
    private readonly LineReader _lines;
    private long _lastId;

    private ControlClient(string path, Socket socket)
    {
        _path = path;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _lines = new LineReader(_stream, LongestReplyBytes);
    }

    /// <summary>Connects to the control socket at <paramref name="path"/>.</summary>
    /// <exception cref="IOException">Nobody listens there.</exception>
    public static async Task<ControlClient> ConnectAsync(string path, CancellationToken cancellation) =>
        new(path, await ControlSocket.ConnectAsync(path, cancellation).ConfigureAwait(false));

    /// <summary>Carries out one request on a connection of its own.</summary>
    public static async Task<ControlReply> AskAsync(string path, ControlRequest request, CancellationToken cancellation)
    {
        using var client = await ConnectAsync(path, cancellation).ConfigureAwait(false);
        return await client.SendAsync(request, null, cancellation).ConfigureAwait(false);
    }

    /// <summary>Sends a request and waits for its result.</summary>
    /// <exception cref="ControlException">The host refused or failed.</exception>
    /// <exception cref="IOException">The host is gone.</exception>
    public async Task<ControlReply> SendAsync(
        ControlRequest request, Action<ProgressDocument>? progress, CancellationToken cancellation, Action<EventDocument>? events = null)
    {
        var id = ++_lastId;
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(request with { Id = id }, ControlJson.Default.ControlRequest), (byte)'\n'];
        await _stream.WriteAsync(line, cancellation).ConfigureAwait(false);
        while (await _lines.ReadAsync(cancellation).ConfigureAwait(false) is { } answer)
        {
            var reply = Parse(answer.Span);
            switch (reply.Kind)
            {
                case ControlReply.KindProgress when reply.Progress is not null:
                    progress?.Invoke(reply.Progress);
                    break;
                case ControlReply.KindEvents:
                    foreach (var each in reply.Events ?? [])
                    {
                        events?.Invoke(each);
                    }

                    break;
                case ControlReply.KindError when reply.Id == id || reply.Id == 0:
                    throw new ControlException(reply.Code ?? ControlErrors.Failed, reply.Error ?? "the host gave no reason");
                case ControlReply.KindResult when reply.Id == id:
                    return reply;
                default:
                    break;
            }
        }

        throw new IOException($"control socket {_path}: the process of the machine closed the connection before it answered '{request.Verb}'");
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private ControlReply Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ControlJson.Default.ControlReply) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new IOException($"control socket {_path}: what answers there does not speak ferry's control protocol: {e.Message}", e);
        }
    }
}
