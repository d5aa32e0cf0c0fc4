using Ferry.Cli.Demo;
using Ferry.Devices.Models;
using Ferry.Linux.Sockets;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Ferry.VfioUser.Server;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>An rnic in this process, to be made wrong.</summary>
internal abstract class DeviceDouble : IDemoChild, IVfioUserDevice
{
    private readonly Rnic _device = new(new RnicOptions { RateBytesPerSecond = 2 << 20, MessageBytes = 1024 });
    private readonly VfioUserServer _server;
    private readonly Thread _serving;

    protected DeviceDouble(string socket)
    {
        _server = new VfioUserServer(this, UnixListener.Listen(socket), new VfioUserServerOptions { OnClientGone = _device.Reset });
        _device.DmaMessages = _server;
        _serving = new Thread(_server.Run) { IsBackground = true };
        _serving.Start();
    }

    public string Role => "destination device";

    public int Id => Environment.ProcessId;

    public IReadOnlyList<VfioUserRegion> Regions => _device.Regions;

    public IReadOnlyList<uint> InterruptCounts => _device.InterruptCounts;

    public VfioMigrationFlags Migration => _device.Migration;

    public IReadOnlyList<PageSize> DmaLogPageSizes => _device.DmaLogPageSizes;

    public int DmaLogMaxRanges => _device.DmaLogMaxRanges;

    public virtual VfioDeviceState State => _device.State;

    public Task WaitReadyAsync(CancellationToken cancellation) => Task.CompletedTask;

    public string LastLines() => "";

    public virtual ValueTask DisposeAsync()
    {
        _server.Dispose();
        _serving.Join();
        _device.Dispose();
        return ValueTask.CompletedTask;
    }

    public virtual void SetState(VfioDeviceState next) => _device.SetState(next);

    public virtual void WriteMigrationData(ReadOnlySpan<byte> data) => _device.WriteMigrationData(data);

    public void RegionRead(int region, ulong offset, Span<byte> data) => _device.RegionRead(region, offset, data);

    public void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data) => _device.RegionWrite(region, offset, data);

    public void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file) => _device.DmaMap(range, fileOffset, read, write, file);

    public virtual void DmaUnmap(IovaRange range, DirtyBitmap? dirty) => _device.DmaUnmap(range, dirty);

    public void DmaUnmapAll() => _device.DmaUnmapAll();

    public void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => _device.SetInterrupts(index, start, events);

    public void Reset() => _device.Reset();

    public int ReadMigrationData(Span<byte> buffer) => _device.ReadMigrationData(buffer);

    public ulong? EstimateStopCopyBytes() => _device.EstimateStopCopyBytes();

    public void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => _device.StartDmaLog(ranges, pageSize);

    public void StopDmaLog() => _device.StopDmaLog();

    public virtual void ReportDmaLog(IovaRange range, DirtyBitmap bitmap) => _device.ReportDmaLog(range, bitmap);
}
