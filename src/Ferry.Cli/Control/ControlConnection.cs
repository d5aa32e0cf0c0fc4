using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;
using Ferry.Cli.Documents;
using Ferry.Cli.Events;

namespace Ferry.Cli.Control;

/// <summary>One client of the control socket. Its requests are carried out side by side, so that it can cancel what it waits for.</summary>
internal sealed class ControlConnection(Socket socket, IControlTarget target) : IDisposable
{
    private const int MostRequestsAtATime = 8;
    private const int MostEventsALine = 1024;

    // A client that does not read its replies must not hold up a migration that reports to it.
    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(5);

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly List<Task> _requests = [];

    /// <summary>Serves the client until it leaves, sends a line that can't be read on, or <paramref name="stop"/>.</summary>
    public async Task RunAsync(bool turnAway, CancellationToken stop)
    {
        try
        {
            if (turnAway)
            {
                await ReplyAsync(Refusal(0, ControlErrors.WrongState, $"{ControlServer.MostClients} clients are served already; try again")).ConfigureAwait(false);
                return;
            }

            var lines = new LineReader(_stream, ControlServer.LongestRequestBytes);
            while (await lines.ReadAsync(stop).ConfigureAwait(false) is { } line)
            {
                await StartRequestAsync(line, stop).ConfigureAwait(false);
            }
        }
        catch (ControlException e)
        {
            await ReplyAsync(Refusal(0, e.Code, e.Message)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left or the server stops: what it asked for goes on, only nobody is told.
        }

        await Task.WhenAll(_requests).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _writing.Dispose();
    }

    private static ControlReply Refusal(long id, string code, string message) => new() { Id = id, Kind = ControlReply.KindError, Code = code, Error = message };

    private async Task StartRequestAsync(ReadOnlyMemory<byte> line, CancellationToken stop)
    {
        _requests.RemoveAll(each => each.IsCompleted);
        ControlRequest request;
        try
        {
            request = ControlJson.ParseRequest(line.Span);
        }
        catch (ControlException e)
        {
            await ReplyAsync(Refusal(0, e.Code, e.Message)).ConfigureAwait(false);
            return;
        }

        if (_requests.Count >= MostRequestsAtATime)
        {
            await ReplyAsync(Refusal(request.Id, ControlErrors.WrongState, $"{MostRequestsAtATime} requests are under way already")).ConfigureAwait(false);
            return;
        }

        _requests.Add(AnswerAsync(request, stop));
    }

    private async Task AnswerAsync(ControlRequest request, CancellationToken stop)
    {
        await Task.Yield();
        ControlReply reply;
        try
        {
            reply = await CarryOutAsync(request, stop).ConfigureAwait(false) with { Id = request.Id, Kind = ControlReply.KindResult };
        }
        catch (ControlException e)
        {
            reply = Refusal(request.Id, e.Code, e.Message);
        }
        catch (OperationCanceledException)
        {
            reply = Refusal(request.Id, ControlErrors.Failed, "given up: the machine's process ends");
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or ArgumentException or InvalidDataException or TimeoutException or Tracking.TrackerStartException)
        {
            reply = Refusal(request.Id, ControlErrors.Failed, e.Message);
        }

        await ReplyAsync(reply).ConfigureAwait(false);
    }

    private async Task<ControlReply> CarryOutAsync(ControlRequest request, CancellationToken stop)
    {
        switch (request.Verb)
        {
            case ControlVerbs.Migrate:
                return new ControlReply { Report = await MigrateAsync(request, stop).ConfigureAwait(false) };
            case ControlVerbs.Plan:
                return new ControlReply { Plan = target.Plan(request.Migrate ?? new MigrateRequest()) };
            case ControlVerbs.SelfCheck:
                return new ControlReply { SelfCheck = await target.SelfCheckAsync(stop).ConfigureAwait(false) };
            case ControlVerbs.Attach:
                return new ControlReply { Attached = await target.AttachAsync(request.Attach ?? new AttachRequest()).WaitAsync(stop).ConfigureAwait(false) };
            case ControlVerbs.Track:
                await target.TrackAsync(request.Track ?? new TrackRequest(), stop).ConfigureAwait(false);
                break;
            case ControlVerbs.Register:
                return new ControlReply { Register = target.AccessRegister(request.Register ?? new RegisterRequest()) };
            case ControlVerbs.Cancel:
                await target.CancelMigrationAsync().ConfigureAwait(false);
                break;
            case ControlVerbs.Pause:
                target.Pause();
                break;
            case ControlVerbs.Resume:
                target.Resume();
                break;
            case ControlVerbs.Settle:
                await target.SettleAsync(ParseChoice(request.Choice), stop).ConfigureAwait(false);
                break;
            case ControlVerbs.Quit:
                target.Quit();
                break;
            default:
                break;
        }

        return new ControlReply { Status = target.GetStatus() };
    }

    private static SettleChoice ParseChoice(string? choice) => choice switch
    {
        "ask" => SettleChoice.Ask,
        "resume" => SettleChoice.Resume,
        "discard" => SettleChoice.Discard,
        _ => throw new ControlException(ControlErrors.BadRequest, "settle needs \"choice\": \"ask\", \"resume\" or \"discard\""),
    };

    private async Task<MigrationDocument> MigrateAsync(ControlRequest request, CancellationToken stop)
    {
        if (request.Migrate?.To is null)
        {
            throw new ControlException(ControlErrors.BadRequest, "migrate needs \"migrate\": {\"to\": \"HOST:PORT\"}");
        }

        if (request.Events)
        {
            EventWarmUp.Run();
        }

        var pending = Task.CompletedTask;
        var untold = new ConcurrentQueue<EventDocument>();
        var report = await target.MigrateAsync(
            request.Migrate,
            progress =>
            {
                // At most one line is on its way: a slow client sees fewer of them, and the migration does not wait for it.
                if (pending.IsCompleted)
                {
                    pending = TellAsync(request.Id, progress, untold);
                }
            },
            each =>
            {
                if (request.Events)
                {
                    untold.Enqueue(each);
                }
            },
            stop).ConfigureAwait(false);
        await pending.ConfigureAwait(false);
        await TellAsync(request.Id, null, untold).ConfigureAwait(false);
        return report;
    }

    private async Task TellAsync(long id, ProgressDocument? progress, ConcurrentQueue<EventDocument> untold)
    {
        if (progress is not null)
        {
            await ReplyAsync(new ControlReply { Id = id, Kind = ControlReply.KindProgress, Progress = progress }).ConfigureAwait(false);
        }

        var events = new List<EventDocument>();
        while (untold.TryDequeue(out var next))
        {
            events.Add(next);
            if (events.Count == MostEventsALine || untold.IsEmpty)
            {
                await ReplyAsync(new ControlReply { Id = id, Kind = ControlReply.KindEvents, Events = events }).ConfigureAwait(false);
                events = [];
            }
        }
    }

    // Whatever else ends, what was begun is written to its end: half a line would keep the client from the report that follows. The limit is
    // on the client, not on what a busy host takes to come to it.
    private async Task ReplyAsync(ControlReply reply)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(reply, ControlJson.Default.ControlReply), (byte)'\n'];
        await _writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            try
            {
                using var limit = new CancellationTokenSource(LongestWrite);
                await _stream.WriteAsync(line, limit.Token).ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client left, or does not read.
            _stream.Dispose();
        }
    }
}
