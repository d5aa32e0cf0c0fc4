using Ferry.Linux;
using Ferry.Tracking.Probing;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Tracking;

namespace Ferry.VfioUser.Probing;

/// <summary>Asks a vfio-user device what it can do: as its only client, without giving it any memory.</summary>
/// <remarks>A device serves one client at a time, so one that is in use does not answer, and nothing reaches it.</remarks>
public static class VfioUserProbe
{
    private const int Eperm = 1;
    private const int Enoent = 2;
    private const int Eagain = 11;
    private const int Eacces = 13;
    private const int ConnectionRefused = 111;

    /// <summary>Asks it.</summary>
    /// <param name="path">Where it listens.</param>
    /// <param name="answerTime">How long it may take to answer one request.</param>
    /// <param name="totalTime">How long all of it may take.</param>
    /// <param name="tries">Whether its log is started and stopped to learn its page sizes, and its page table asked for.</param>
    public static VfioUserFinding Ask(string path, TimeSpan answerTime, TimeSpan totalTime, bool tries = true)
    {
        var finding = new VfioUserFinding { Socket = path };
        VfioUserClient? client = null;
        try
        {
            client = VfioUserClient.Connect(path, new() { ConnectTimeout = TimeSpan.Zero, RequestTimeout = answerTime, MessageTimeout = answerTime });
            finding = finding with { Version = client.Version, Capabilities = client.Server };
            // A device may answer each request late, and there are many.
            using var limit = new Timer(state => ((VfioUserClient)state!).Dispose(), client, totalTime, Timeout.InfiniteTimeSpan);
            finding = finding with { Migration = client.GetMigrationFlags() };
            return tries ? Try(client, finding) : Leave(client, finding);
        }
        catch (Exception e) when (e is IOException or ArgumentException or ObjectDisposedException)
        {
            return finding with { Problem = Explain(path, e, totalTime) };
        }
        finally
        {
            client?.Dispose();
        }
    }

    private static VfioUserFinding Try(VfioUserClient client, VfioUserFinding finding)
    {
        if (DeviceTracker.TryCreate(client, new("probed"), null, out var tracker))
        {
            using (tracker)
            {
                var coverage = tracker.Coverage;
                finding = finding with { LogPageSizes = coverage.PageSizes, LogMaxRanges = coverage.MaxRanges, LogPrecision = coverage.Precision };
            }
        }
        else
        {
            finding = finding with { LogProblem = new(ObstacleKind.Missing, client.HasDmaLog ? "it logs its DMA at no page size from 4K to 2M" : DeviceTracker.NoLog) };
        }

        Obstacle? Find(IoTableMode mode) => IoTableTracker.FindObstacle(client, mode) is { } reason ? new(ObstacleKind.Missing, reason) : null;
        return finding with { ScanProblem = Find(IoTableMode.Scans), FaultProblem = Find(IoTableMode.Faults) };
    }

    private static VfioUserFinding Leave(VfioUserClient client, VfioUserFinding finding)
    {
        var untried = new Obstacle(ObstacleKind.NotTried, "devices were to be left alone");
        var table = client.Server.SharesPageTable ? untried : new(ObstacleKind.Missing, IoTableTracker.NotShared);
        return finding with { LogProblem = client.HasDmaLog ? untried : new(ObstacleKind.Missing, DeviceTracker.NoLog), ScanProblem = table, FaultProblem = table };
    }

    private static Obstacle Explain(string path, Exception e, TimeSpan totalTime) => e switch
    {
        KernelCallException { Errno: Enoent } => new(ObstacleKind.Missing, $"{path} is not there: start the device, or name the socket that it listens at."),
        KernelCallException { Errno: ConnectionRefused } => new(ObstacleKind.Missing, $"{path}: nobody listens there: the device has ended, or this is no socket of one; start it again."),
        KernelCallException { Errno: Eacces or Eperm } => new(ObstacleKind.NotPermitted, $"{path} may not be connected to: run as the device's user or as root."),
        KernelCallException { Errno: Eagain } => new(ObstacleKind.InUse, $"{path} takes no more clients: others wait there for the device."),
        // Nothing underneath failed, the answer just did not come.
        VfioUserPeerException { InnerException: null } => new(
            ObstacleKind.InUse, $"{e.Message} It serves another client and this one has to wait, it is wedged, or it is no vfio-user device."),
        VfioUserPeerException { InnerException: ObjectDisposedException } or ObjectDisposedException => new(
            ObstacleKind.Failed, $"{path}: not all was answered within {totalTime.TotalSeconds:0.#} s."),
        VfioUserProtocolException or VfioUserPeerException { InnerException: VfioUserProtocolException } => new(
            ObstacleKind.Failed, $"{path} is no vfio-user device, or one that breaks the protocol: {e.Message}"),
        VfioUserPeerException => new(ObstacleKind.Failed, $"{e.Message} It has gone, or is no vfio-user device."),
        ArgumentException => new(ObstacleKind.Failed, $"{path}: {e.Message}"),
        _ => new(ObstacleKind.Failed, e.Message),
    };
}
