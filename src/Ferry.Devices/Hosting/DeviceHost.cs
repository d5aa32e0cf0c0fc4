using Ferry.Devices.Dma;
using Ferry.Linux.Sockets;
using Ferry.Tracking;
using Ferry.VfioUser;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;

namespace Ferry.Devices.Hosting;

/// <summary>Serves a device on a Unix socket.</summary>
public static class DeviceHost
{
    /// <summary>Serves one client after another until cancelled; between two of them the device is reset, so each finds it as new.</summary>
    /// <param name="device">The device; stays the caller's. A <see cref="DeviceModel"/> may do DMA by messages too.</param>
    /// <param name="socketPath">Where the socket is made, open to its owner only; it is removed at the end.</param>
    /// <param name="cancellation">Ends the client's connection and returns.</param>
    /// <param name="onError">Told of every request that was refused and every connection that failed, or null.</param>
    /// <param name="onListening">Called once clients can connect, or null.</param>
    /// <exception cref="Linux.KernelCallException">The socket can't be made there, or failed.</exception>
    public static void Run(IVfioUserDevice device, string socketPath, CancellationToken cancellation, Action<Exception>? onError = null, Action? onListening = null)
    {
        var options = new VfioUserServerOptions { OnError = onError, OnClientGone = device.Reset, Capabilities = CapabilitiesOf(device) };
        using var server = new VfioUserServer(device, UnixListener.Listen(socketPath), options);
        if (device is DeviceModel model)
        {
            model.DmaMessages = server;
        }

        onListening?.Invoke();
        using var registration = cancellation.Register(server.Stop);
        server.Run();
    }

    private static VfioUserCapabilities CapabilitiesOf(IVfioUserDevice device) => VfioUserCapabilities.Own with
    {
        DmaLogPrecision = device is DeviceModel { DmaLogMode: DmaLogMode.Pinned } ? TrackingPrecision.PinnedForWrite : TrackingPrecision.Exact,
        SharesPageTable = device is DeviceModel { SharesPageTable: true },
    };
}
