using System.Collections.Concurrent;
using Ferry.Linux.Sockets;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Server;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>A device that is served on a thread of its own over a real socket, and whatever went wrong there.</summary>
internal sealed class ServedDevice : IDisposable
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private readonly string _folder = Directory.CreateTempSubdirectory("ferry-").FullName;
    private readonly Thread _thread;

    public ServedDevice(TestDevice? device = null, VfioUserServerOptions? options = null)
    {
        Device = device ?? new TestDevice();
        Path = System.IO.Path.Combine(_folder, "s");
        options ??= new VfioUserServerOptions();
        Server = new VfioUserServer(Device, UnixListener.Listen(Path), options with { OnError = Errors.Enqueue });
        _thread = new Thread(Server.Run) { IsBackground = true };
        _thread.Start();
    }

    public TestDevice Device { get; }

    public VfioUserServer Server { get; }

    public string Path { get; }

    public ConcurrentQueue<Exception> Errors { get; } = new();

    public static void WaitUntil(Func<bool> condition)
    {
        Assert.True(SpinWait.SpinUntil(condition, Soon));
    }

    public VfioUserClient Connect(VfioUserClientOptions? options = null) => VfioUserClient.Connect(Path, options);

    /// <summary>Connects once <paramref name="before"/> is disposed and gone, since a device serves one client at a time.</summary>
    public VfioUserClient ConnectNext(VfioUserClient before, VfioUserClientOptions options)
    {
        before.Dispose();
        WaitUntil(() => !Server.HasClient);
        return Connect(options);
    }

    public void Dispose()
    {
        Server.Dispose();
        Assert.True(_thread.Join(Soon));
        Device.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
