using System.Diagnostics;
using Ferry.Linux.Sockets;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Probing;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>A device tells what it can; whatever else is at a socket is told from one, in bounded time, and nothing that is in use is reached.</summary>
public sealed class VfioUserProbeTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Total = TimeSpan.FromSeconds(3);
    private readonly string _folder = Directory.CreateTempSubdirectory("ferry-probe-").FullName;

    private string Socket => Path.Combine(_folder, "s");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_device_tells_its_version_migration_and_log_and_is_left_as_it_was()
    {
        using var served = new ServedDevice();
        var found = VfioUserProbe.Ask(served.Path, ServedDevice.Soon, ServedDevice.Soon);
        Assert.Null(found.Problem);
        Assert.Equal(new Version(0, 1), found.Version);
        Assert.Equal(VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy, found.Migration);
        Assert.Equal([PageSize.Size4K, new(65536), PageSize.Size2M], found.LogPageSizes);
        Assert.Equal((8, TrackingPrecision.Exact, null), (found.LogMaxRanges, found.LogPrecision, found.LogProblem));
        Assert.Equal(IoTableTracker.NotShared, found.ScanProblem!.Reason);
        ServedDevice.WaitUntil(() => !served.Server.HasClient);
        Assert.True(served.Device is { IsLogging: false, LogStarts: > 3 });
        Assert.Equal((VfioDeviceState.Running, 0, 0), (served.Device.State, served.Device.WindowCount, served.Device.Resets));
    }

    [Fact]
    public void A_device_without_a_log_says_so_in_the_trackers_words()
    {
        using var served = new ServedDevice(new() { DmaLogPageSizes = [] });
        var found = VfioUserProbe.Ask(served.Path, ServedDevice.Soon, ServedDevice.Soon);
        Assert.Equal((null, DeviceTracker.NoLog, null, null), (found.Problem, found.LogProblem!.Reason, found.LogMaxRanges, found.LogPrecision));
        Assert.Empty(found.LogPageSizes);
    }

    [Fact]
    public void A_device_that_is_to_be_left_alone_is_asked_nothing_that_it_would_have_to_do()
    {
        using var served = new ServedDevice();
        var found = VfioUserProbe.Ask(served.Path, ServedDevice.Soon, ServedDevice.Soon, tries: false);
        Assert.Equal((null, ObstacleKind.NotTried), (found.Problem, found.LogProblem!.Kind));
        Assert.NotNull(found.Migration);
        ServedDevice.WaitUntil(() => !served.Server.HasClient);
        Assert.Equal((0, 0), (served.Device.LogStarts, served.Device.Resets));
    }

    [Fact]
    public void A_device_that_another_client_has_is_in_use_and_goes_on_as_before()
    {
        using var served = new ServedDevice();
        using var client = served.Connect();
        client.StartDmaLog([new(new(0), 1 << 20)], PageSize.Size4K);
        var found = VfioUserProbe.Ask(served.Path, Short, Total);
        Assert.Equal(ObstacleKind.InUse, found.Problem!.Kind);
        Assert.Contains("no answer within 0.3 s", found.Problem.Reason, StringComparison.Ordinal);
        Assert.Contains("serves another client", found.Problem.Reason, StringComparison.Ordinal);
        Assert.True(served.Device.IsLogging);
        Assert.Equal(VfioDeviceState.Running, client.GetState());
    }

    [Fact]
    public void Nothing_at_the_path_and_nobody_at_it_are_told_apart()
    {
        Assert.Contains("is not there: start the device", Ask().Reason, StringComparison.Ordinal);
        File.WriteAllText(Socket, "");
        Assert.Contains("nobody listens there", Ask().Reason, StringComparison.Ordinal);
        Assert.Equal(ObstacleKind.Failed, VfioUserProbe.Ask(new string('x', 400), Short, Total).Problem!.Kind);
    }

    [Fact]
    public void A_socket_that_never_answers_costs_the_answers_time()
    {
        using var listener = UnixListener.Listen(Socket);
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(ObstacleKind.InUse, Ask().Kind);
        Assert.InRange(Stopwatch.GetElapsedTime(started), Short, ServedDevice.Soon);
    }

    [Fact]
    public void A_socket_of_something_else_is_no_device()
    {
        var problem = AskPeer(peer =>
        {
            peer.Receive();
            peer.SendBytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8);
        });
        Assert.Equal(ObstacleKind.Failed, problem.Kind);
        Assert.Contains("is no vfio-user device, or one that breaks the protocol", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_goes_is_told_so()
    {
        var problem = AskPeer(peer => peer.AnswerVersion());
        Assert.Equal(ObstacleKind.Failed, problem.Kind);
        Assert.Contains("It has gone", problem.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_answers_everything_late_is_given_up_in_the_end()
    {
        var total = TimeSpan.FromMilliseconds(600);
        var started = Stopwatch.GetTimestamp();
        var problem = AskPeer(peer =>
        {
            peer.AnswerVersion();
            while (peer.Receive() is { } request)
            {
                Thread.Sleep(100);
                try
                {
                    // A header alone, or with a number behind it.
                    peer.Send(request.Command, request.Payload.Length == 8 ? [.. request.Payload, .. new byte[8]] : request.Payload, request.Id, flags: 1);
                }
                catch (Linux.KernelCallException)
                {
                    return;
                }
            }
        }, total);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.FromMilliseconds(300), ServedDevice.Soon);
        Assert.Equal(ObstacleKind.Failed, problem.Kind);
    }

    private Obstacle Ask() => VfioUserProbe.Ask(Socket, Short, Total).Problem!;

    private Obstacle AskPeer(Action<RawPeer> serve, TimeSpan? total = null)
    {
        using var listener = UnixListener.Listen(Socket);
        var serving = Task.Run(() =>
        {
            using var peer = new RawPeer(listener.Accept(ServedDevice.Soon)!);
            serve(peer);
        });
        var problem = VfioUserProbe.Ask(Socket, ServedDevice.Soon, total ?? ServedDevice.Soon).Problem;
        Assert.True(serving.Wait(ServedDevice.Soon));
        return problem!;
    }
}
