using Ferry.Linux.Sockets;
using Xunit;

namespace Ferry.Linux.Tests.Sockets;

public sealed class UnixListenerTests : IDisposable
{
    private const int AddressInUse = 98;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("ferry-").FullName;

    private string SocketPath => Path.Combine(_folder, "s");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Only_the_owner_may_connect_and_the_path_goes_with_the_listener()
    {
        using (UnixListener.Listen(SocketPath))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        }

        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public void A_connection_passes_bytes_both_ways()
    {
        using var listener = UnixListener.Listen(SocketPath);
        using var client = UnixSocket.Connect(SocketPath, TimeSpan.Zero);
        using var server = listener.Accept(Soon)!;
        client.Send("ping"u8, default, [], Soon);
        var bytes = new byte[4];
        Assert.True(server.Receive(bytes, null, Soon));
        Assert.Equal("ping"u8, bytes);
        server.Send("pong"u8, default, [], Soon);
        Assert.True(client.Receive(bytes, null, Soon));
        Assert.Equal("pong"u8, bytes);
    }

    [Fact]
    public void The_path_appears_only_when_it_can_be_connected_to_and_nothing_else_stays()
    {
        for (var i = 0; i < 100; i++)
        {
            Exception? failure = null;
            var impatient = new Thread(() =>
            {
                while (!File.Exists(SocketPath))
                {
                }

                failure = Record.Exception(() => UnixSocket.Connect(SocketPath, TimeSpan.Zero).Dispose());
            });
            impatient.Start();
            using var listener = UnixListener.Listen(SocketPath);
            impatient.Join();
            Assert.Null(failure);
            Assert.Single(Directory.GetFileSystemEntries(_folder));
        }
    }

    [Fact]
    public void A_live_socket_is_not_stolen()
    {
        using var listener = UnixListener.Listen(SocketPath);
        Assert.Equal(AddressInUse, Assert.Throws<KernelCallException>(() => UnixListener.Listen(SocketPath)).Errno);
        UnixSocket.Connect(SocketPath, TimeSpan.Zero).Dispose();
        Assert.Single(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void A_stale_socket_is_replaced()
    {
        var aside = SocketPath + ".aside";
        using (UnixListener.Listen(SocketPath))
        {
            File.Move(SocketPath, aside);
        }

        File.Move(aside, SocketPath);
        using var listener = UnixListener.Listen(SocketPath);
        UnixSocket.Connect(SocketPath, TimeSpan.Zero).Dispose();
    }

    [Fact]
    public void A_file_that_is_no_socket_is_left_alone()
    {
        File.WriteAllText(SocketPath, "precious");
        Assert.Equal(AddressInUse, Assert.Throws<KernelCallException>(() => UnixListener.Listen(SocketPath)).Errno);
        Assert.Equal("precious", File.ReadAllText(SocketPath));
    }

    [Fact]
    public void A_path_that_the_kernel_would_cut_off_is_refused()
    {
        var path = Path.Combine(_folder, new string('s', 120));
        Assert.Contains("107", Assert.Throws<ArgumentException>(() => UnixListener.Listen(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Connecting_waits_for_a_listener_that_comes_later()
    {
        UnixSocket? connected = null;
        var thread = new Thread(() => connected = UnixSocket.Connect(SocketPath, Soon));
        thread.Start();
        using var listener = UnixListener.Listen(SocketPath);
        Assert.True(thread.Join(Soon));
        connected!.Dispose();
    }

    [Fact]
    public void Connecting_without_a_listener_is_an_error() =>
        Assert.Equal(2, Assert.Throws<KernelCallException>(() => UnixSocket.Connect(SocketPath, TimeSpan.Zero)).Errno);

    [Fact]
    public void Stopping_wakes_a_thread_that_accepts()
    {
        using var listener = UnixListener.Listen(SocketPath);
        UnixSocket? accepted = null;
        var thread = new Thread(() => accepted = listener.Accept(Timeout.InfiniteTimeSpan));
        thread.Start();
        listener.Stop();
        Assert.True(thread.Join(Soon));
        Assert.Null(accepted);
        Assert.Null(listener.Accept(TimeSpan.Zero));
    }
}
