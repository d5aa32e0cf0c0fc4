using Ferry.Devices.Hosting;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Devices;

/// <summary>A device behind a socket of its own, served by a thread until disposed; it owns the device.</summary>
internal sealed class ServedDevice : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");
    private readonly CancellationTokenSource _stop = new();
    private readonly IVfioUserDevice _device;
    private readonly Thread _serving;

    public ServedDevice(Func<CancellationTokenSource, IVfioUserDevice> make)
    {
        _device = make(_stop);
        using var listening = new ManualResetEventSlim();
        _serving = new Thread(() => DeviceHost.Run(_device, SocketPath, _stop.Token, onListening: listening.Set)) { IsBackground = true };
        _serving.Start();
        listening.Wait();
    }

    public string SocketPath => Path.Combine(_folder.FullName, "device.sock");

    public void Dispose()
    {
        _stop.Cancel();
        _serving.Join();
        (_device as IDisposable)?.Dispose();
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }
}
