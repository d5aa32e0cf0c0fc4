using Ferry.Devices.Hosting;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Devices.Tests.Hosting;

/// <summary>An rnic behind a socket: served by a thread, driven through a client as if it were here.</summary>
internal sealed class ServedRnic : IVfioUserDevice, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _server;

    public ServedRnic(RnicOptions options, IDmaHandler? handler = null)
    {
        Device = new Rnic(options);
        SocketPath = Path.Combine(_folder.FullName, "rnic.sock");
        _server = new Thread(() => DeviceHost.Run(Device, SocketPath, _stop.Token, Errors.Add)) { IsBackground = true };
        _server.Start();
        Client = Connect(handler);
    }

    public Rnic Device { get; }

    public string SocketPath { get; }

    public List<Exception> Errors { get; } = [];

    public VfioUserClient Client { get; private set; }

    public IReadOnlyList<VfioUserRegion> Regions => throw new NotSupportedException();

    public IReadOnlyList<uint> InterruptCounts => throw new NotSupportedException();

    public VfioMigrationFlags Migration => Client.GetMigrationFlags();

    public IReadOnlyList<PageSize> DmaLogPageSizes => throw new NotSupportedException();

    public int DmaLogMaxRanges => throw new NotSupportedException();

    public VfioDeviceState State => Client.GetState();

    private VfioUserClient Connect(IDmaHandler? handler) =>
        VfioUserClient.Connect(SocketPath, new VfioUserClientOptions { DmaHandler = handler, ConnectTimeout = TimeSpan.FromSeconds(20) });

    /// <summary>Leaves without a word and comes again.</summary>
    public void Reconnect()
    {
        Client.Dispose();
        Client = Connect(null);
    }

    public void RegionRead(int region, ulong offset, Span<byte> data) => Client.RegionRead(region, offset, data);

    public void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data) => Client.RegionWrite(region, offset, data);

    public void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        using (file)
        {
            Client.MapDma(range, fileOffset, read, write, file);
        }
    }

    public void DmaUnmap(IovaRange range, DirtyBitmap? dirty)
    {
        if (dirty is null)
        {
            Client.UnmapDma(range);
        }
        else
        {
            Client.UnmapDma(range, dirty.PageSize, dirty);
        }
    }

    public void DmaUnmapAll() => Client.UnmapAllDma();

    public void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => Client.SetInterrupts(index, start, [.. events.OfType<SafeFileHandle>()]);

    public void Reset() => Client.Reset();

    public void SetState(VfioDeviceState next) => Client.SetState(next);

    public int ReadMigrationData(Span<byte> buffer) => Client.ReadMigrationData(buffer);

    public void WriteMigrationData(ReadOnlySpan<byte> data) => Client.WriteMigrationData(data);

    public ulong? EstimateStopCopyBytes() => Client.EstimateStopCopyBytes();

    public void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Client.StartDmaLog(ranges, pageSize);

    public void StopDmaLog() => Client.StopDmaLog();

    public void ReportDmaLog(IovaRange range, DirtyBitmap bitmap) => Client.ReportDmaLog(range, bitmap.PageSize, bitmap);

    public void Dispose()
    {
        Client.Dispose();
        _stop.Cancel();
        _server.Join();
        _stop.Dispose();
        Device.Dispose();
        _folder.Delete(recursive: true);
    }
}
