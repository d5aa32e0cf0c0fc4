using Ferry.Bench.Measuring;
using Ferry.Bench.Validation;
using Ferry.Devices.Hosting;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;

namespace Ferry.Bench.Tests.Measuring;

/// <summary>Real rnics, each served by a thread of this process; no migrations.</summary>
internal sealed class ThreadParts : IBenchParts
{
    /// <summary>The devices that were started.</summary>
    public List<Served> Devices { get; } = [];

    public VfioPlace? KernelDevice => null;

    public IBenchDevice StartDevice(ulong messageBytes, ulong? bytesPerSecond)
    {
        Devices.Add(new Served(new RnicOptions { MessageBytes = (int)messageBytes, RateBytesPerSecond = bytesPerSecond }));
        return Devices[^1];
    }

    /// <summary>What comes of a migration.</summary>
    public Exception MigrationFailure { get; set; } = new NotSupportedException();

    public MigrationSample Migrate(MigrationCase migration, CancellationToken cancellation) => throw MigrationFailure;

    internal sealed class Served : IBenchDevice
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");
        private readonly CancellationTokenSource _stop = new();
        private readonly Rnic _device;
        private readonly Thread _thread;

        public Served(RnicOptions options)
        {
            _device = new Rnic(options);
            using var listening = new ManualResetEventSlim();
            _thread = new Thread(() => DeviceHost.Run(_device, SocketPath, _stop.Token, onListening: listening.Set)) { IsBackground = true };
            _thread.Start();
            listening.Wait();
        }

        public bool IsDisposed { get; private set; }

        public string SocketPath => Path.Combine(_folder.FullName, "rnic.sock");

        public string? DescribeEnd() => _stop.IsCancellationRequested ? "It was told to end." : null;

        public void Die()
        {
            _stop.Cancel();
            _thread.Join();
        }

        public void Dispose()
        {
            if (!IsDisposed)
            {
                IsDisposed = true;
                Die();
                _device.Dispose();
                _folder.Delete(recursive: true);
            }
        }
    }
}
