using Ferry.Devices.Hosting;
using Ferry.Devices.Models;
using Ferry.VfioUser;

namespace Ferry.Machine.Tests;

/// <summary>An rnic that listens on a socket, served by a thread of the test's process.</summary>
internal sealed class ServedNic : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Rnic _device;
    private readonly Thread _server;
    private bool _isKilled;

    public ServedNic(RnicOptions options, Func<Rnic, IVfioUserDevice>? disguise = null)
    {
        _device = new Rnic(options);
        Socket = Path.Combine(_folder.FullName, "nic.sock");
        _server = new Thread(() => DeviceHost.Run(disguise?.Invoke(_device) ?? _device, Socket, _stop.Token)) { IsBackground = true };
        _server.Start();
    }

    public string Socket { get; }

    public DeviceCounters Counters => _device.Counters;

    /// <summary>Goes away in the middle of whatever it does.</summary>
    public void Kill()
    {
        _isKilled = true;
        _stop.Cancel();
        _server.Join();
        _device.Dispose();
    }

    public void Dispose()
    {
        if (!_isKilled)
        {
            Kill();
        }

        _stop.Dispose();
        _folder.Delete(recursive: true);
    }
}
