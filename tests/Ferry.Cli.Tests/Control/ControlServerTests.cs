using System.Net.Sockets;
using System.Text;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Xunit;

namespace Ferry.Cli.Tests.Control;

public sealed class ControlServerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTarget _target = new();
    private readonly ControlServer _server;

    public ControlServerTests() => _server = new ControlServer(Socket, _target);

    private string Socket => _folder.FileOf("m.sock");

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Assert.False(File.Exists(Socket), "the socket is left behind");
        _folder.Dispose();
    }

    [Fact]
    public void Only_the_owner_can_reach_it() => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));

    [Fact]
    public async Task Status_is_told() => Assert.Equal("fake", (await AskAsync(ControlVerbs.Status)).Status!.Name);

    [Fact]
    public async Task A_migration_streams_progress_and_then_its_report()
    {
        _target.WhileMigrating = progress =>
        {
            progress(new ProgressDocument("copying", 1, 5, 10, 5, 100, 0.1));
            return Task.CompletedTask;
        };
        var seen = new List<ProgressDocument>();
        using var client = await ControlClient.ConnectAsync(Socket, CancellationToken.None);
        var request = new ControlRequest { Verb = ControlVerbs.Migrate, Migrate = new MigrateRequest { To = "127.0.0.1:1", Channels = 4 } };
        var reply = await client.SendAsync(request, seen.Add, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal("copying", Assert.Single(seen).Phase);
        Assert.Equal(FakeTarget.Report.SentBytes, reply.Report!.SentBytes);
        Assert.Equal(4, _target.Migrated!.Channels);
    }

    [Fact]
    public async Task A_migration_can_be_cancelled_from_another_connection_and_from_the_same()
    {
        _target.WhileMigrating = _ => _target.Cancelled;
        using var client = await ConnectRawAsync();
        await SendAsync(client, """{"id":1,"verb":"migrate","migrate":{"to":"h:1"}}""" + "\n" + """{"id":2,"verb":"cancel"}""" + "\n");
        var first = await ReadLineAsync(client);
        var second = await ReadLineAsync(client);
        Assert.Contains("\"id\":1", first + second, StringComparison.Ordinal);
        Assert.Contains("\"id\":2", first + second, StringComparison.Ordinal);
        await AskAsync(ControlVerbs.Cancel);
    }

    [Fact]
    public async Task The_report_follows_what_was_being_written_when_the_process_began_to_end()
    {
        // As where the machine has moved away: the process ends at once, and the client is slow to read.
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _target.WhileMigrating = async progress =>
        {
            progress(new ProgressDocument(new string('x', 4 << 20), 1, 5, 10, 5, 100, 0.1));
            await Task.Delay(200);
            written.SetResult();
        };
        var server = new ControlServer(_folder.FileOf("other.sock"), _target);
        using var client = new NetworkStream(await ControlSocket.ConnectAsync(_folder.FileOf("other.sock"), CancellationToken.None), ownsSocket: true);
        await SendAsync(client, """{"id":1,"verb":"migrate","migrate":{"to":"h:1"}}""" + "\n");
        await written.Task.WaitAsync(Patience);
        var ending = server.DisposeAsync().AsTask();
        using var reader = new StreamReader(client);
        Assert.Contains("progress", await reader.ReadLineAsync().WaitAsync(Patience) ?? "", StringComparison.Ordinal);
        Assert.Contains("\"report\"", await reader.ReadLineAsync().WaitAsync(Patience) ?? "", StringComparison.Ordinal);
        await ending.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_client_that_never_reads_does_not_hold_up_a_migration()
    {
        _target.WhileMigrating = progress =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                progress(new ProgressDocument(new string('x', 100), i, 5, 10, 5, 100, 0.1));
            }

            return Task.CompletedTask;
        };
        using var deaf = await ConnectRawAsync();
        await SendAsync(deaf, """{"id":1,"verb":"migrate","migrate":{"to":"h:1"}}""" + "\n");
        Assert.Equal("fake", (await AskAsync(ControlVerbs.Status)).Status!.Name);
    }

    [Fact]
    public async Task A_refusal_keeps_its_code_and_reason()
    {
        var e = await Assert.ThrowsAsync<ControlException>(() => AskAsync(ControlVerbs.Pause));
        Assert.Equal((ControlErrors.WrongState, "it is paused already"), (e.Code, e.Message));
        Assert.Equal(ControlErrors.Failed, (await Assert.ThrowsAsync<ControlException>(() => AskAsync(ControlVerbs.Resume))).Code);
    }

    [Theory]
    [InlineData("ask", (int)SettleChoice.Ask)]
    [InlineData("resume", (int)SettleChoice.Resume)]
    [InlineData("discard", (int)SettleChoice.Discard)]
    public async Task A_doubt_is_settled_as_chosen(string choice, int expected)
    {
        await ControlClient.AskAsync(Socket, new ControlRequest { Verb = ControlVerbs.Settle, Choice = choice }, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal((SettleChoice)expected, _target.Settled);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"verb\":\"stat\"}")]
    [InlineData("{\"verb\":\"status\",\"version\":2}")]
    [InlineData("{\"verb\":\"status\",\"unknown\":1}")]
    [InlineData("{\"verb\":\"settle\"}")]
    [InlineData("{\"verb\":\"settle\",\"choice\":\"maybe\"}")]
    [InlineData("{\"verb\":\"attach\"}")]
    [InlineData("{\"verb\":\"attach\",\"attach\":{\"id\":\"vcpus\",\"socket\":\"/s\"}}")]
    [InlineData("{\"verb\":\"attach\",\"attach\":{\"id\":\"nic1\",\"socket\":\"here.sock\"}}")]
    [InlineData("{\"verb\":\"attach\",\"attach\":{\"id\":\"nic1\",\"socket\":\"/s\",\"kind\":\"disk\"}}")]
    [InlineData("{\"verb\":\"attach\",\"attach\":{\"id\":\"nic1\",\"socket\":\"/s\",\"dma\":\"none\"}}")]
    [InlineData("{\"verb\":\"attach\",\"attach\":{\"id\":\"nic1\",\"socket\":\"/s\",\"peer\":\"nic1\"}}")]
    [InlineData("{\"verb\":\"migrate\"}")]
    [InlineData("{\"verb\":\"migrate\",\"migrate\":{}}")]
    [InlineData("{\"verb\":\"migrate\",\"migrate\":{\"to\":1}}")]
    public async Task A_line_that_is_no_request_is_answered_and_the_client_stays(string line)
    {
        using var client = await ConnectRawAsync();
        await SendAsync(client, line + "\n");
        Assert.Contains("\"code\":\"bad-request\"", await ReadLineAsync(client), StringComparison.Ordinal);
        await SendAsync(client, "{\"verb\":\"status\",\"id\":5}\n");
        Assert.Contains("\"id\":5,\"kind\":\"result\"", await ReadLineAsync(client), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_without_end_costs_no_memory_and_is_answered()
    {
        using var client = await ConnectRawAsync();
        try
        {
            await SendAsync(client, new string('x', 10 * ControlServer.LongestRequestBytes));
        }
        catch (IOException)
        {
            // The server need not read it all.
        }

        var end = new byte[4096];
        var answer = new StringBuilder();
        try
        {
            for (int count; (count = await client.ReadAsync(end).AsTask().WaitAsync(Patience)) > 0;)
            {
                answer.Append(Encoding.UTF8.GetString(end, 0, count));
            }
        }
        catch (IOException)
        {
            // Closed with what was not read.
        }

        Assert.Equal("fake", (await AskAsync(ControlVerbs.Status)).Status!.Name);
        Assert.True(answer.Length == 0 || answer.ToString().Contains("longer than", StringComparison.Ordinal), answer.ToString());
    }

    [Fact]
    public async Task More_clients_than_the_limit_are_turned_away_and_told_so()
    {
        var clients = new List<NetworkStream>();
        try
        {
            for (var i = 0; i < ControlServer.MostClients; i++)
            {
                var client = await ConnectRawAsync();
                await SendAsync(client, "{\"verb\":\"status\"}\n");
                await ReadLineAsync(client);
                clients.Add(client);
            }

            using var late = await ConnectRawAsync();
            Assert.Contains("16 clients", await ReadLineAsync(late), StringComparison.Ordinal);
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public void A_live_socket_is_not_taken_over()
    {
        var e = Assert.Throws<IOException>(() => new ControlServer(Socket, _target));
        Assert.Contains("another process serves it", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stale_socket_is_replaced()
    {
        var path = _folder.FileOf("stale.sock");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
        }

        if (!File.Exists(path))
        {
            // The runtime removes what it bound when it closes; leave one as a killed process would.
            using var bound = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            bound.Bind(new UnixDomainSocketEndPoint(_folder.FileOf("other.sock")));
            File.Move(_folder.FileOf("other.sock"), path);
        }

        await using var server = new ControlServer(path, _target);
        Assert.Equal("fake", (await ControlClient.AskAsync(path, new ControlRequest { Verb = ControlVerbs.Status }, CancellationToken.None)).Status!.Name);
    }

    [Fact]
    public void A_file_that_is_no_socket_is_never_removed()
    {
        var path = _folder.FileOf("precious");
        File.WriteAllText(path, "data");
        Assert.Throws<IOException>(() => new ControlServer(path, _target));
        Assert.Equal("data", File.ReadAllText(path));
    }

    [Fact]
    public async Task A_missing_socket_is_explained()
    {
        var e = await Assert.ThrowsAsync<IOException>(() => ControlClient.ConnectAsync(_folder.FileOf("none.sock"), CancellationToken.None));
        Assert.Contains("no such socket", e.Message, StringComparison.Ordinal);
    }

    private Task<ControlReply> AskAsync(string verb) =>
        ControlClient.AskAsync(Socket, new ControlRequest { Verb = verb }, CancellationToken.None).WaitAsync(Patience);

    private async Task<NetworkStream> ConnectRawAsync() => new(await ControlSocket.ConnectAsync(Socket, CancellationToken.None), ownsSocket: true);

    private static async Task SendAsync(NetworkStream stream, string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask().WaitAsync(Patience);

    private static async Task<string> ReadLineAsync(NetworkStream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        while (await stream.ReadAsync(one).AsTask().WaitAsync(Patience) == 1 && one[0] != '\n')
        {
            line.Add(one[0]);
        }

        return Encoding.UTF8.GetString([.. line]);
    }
}
