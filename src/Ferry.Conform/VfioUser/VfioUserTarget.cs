using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.VfioUser;

/// <summary>A connection to a vfio-user device, with its errors as the checks know them.</summary>
internal sealed class VfioUserTarget(VfioUserClient client, string socketPath) : IDeviceUnderTest
{
    // The specification names no least number; a log that takes no range at all would be none.
    private const int LeastLogRanges = 1;

    public ICommandTexts Texts { get; } = new VfioUserTexts();

    public IReadOnlyList<string> Opening { get; } = [$"connect to {socketPath}"];

    public DeviceAbilities AskAbilities() => Ask(() => new DeviceAbilities(client.GetMigrationFlags(), client.GetInfo().CanReset)
    {
        LogsDma = client.HasDmaLog,
        LogPrecision = client.Server.DmaLogPrecision,
        LeastLogRanges = LeastLogRanges,
    });

    public VfioDeviceState GetState() => Ask(client.GetState);

    public bool? SetState(VfioDeviceState next)
    {
        Tell(() => client.SetState(next));
        return null;
    }

    public ulong? EstimateStopCopyBytes() => Ask(client.EstimateStopCopyBytes);

    public VfioPreCopyInfo? AskPreCopy() => null;

    public DataRead ReadData(Span<byte> buffer) => new(Ask(buffer, client.ReadMigrationData), null);

    public void WriteData(ReadOnlySpan<byte> data) => Tell(data, client.WriteMigrationData);

    public void MapDma(IovaRange range, SafeFileHandle file, Hva memory) => Tell(() => client.MapDma(range, 0, read: true, write: true, file));

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Ask(() => client.StartDmaLog(ranges, pageSize));

    public void StopDmaLog() => Tell(client.StopDmaLog);

    public void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap) => Tell(() => client.ReportDmaLog(range, pageSize, bitmap));

    public void ReadRegion(int region, ulong offset, Span<byte> data) => Tell(data, into => client.RegionRead(region, offset, into));

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data) => Tell(data, from => client.RegionWrite(region, offset, from));

    public void SetInterrupt(int index, EventFile signal) => Tell(() => client.SetInterrupts(index, 0, [signal.Handle]));

    public void Reset() => Tell(client.Reset);

    public void Dispose() => client.Dispose();

    private void Tell(Action command) => Tell(true, _ => command());

    private void Tell<TData>(TData data, Action<TData> command)
        where TData : allows ref struct => Ask(data, each =>
    {
        command(each);
        return true;
    });

    private T Ask<T>(Func<T> command) => Ask(true, _ => command());

    private T Ask<TData, T>(TData data, Func<TData, T> command)
        where TData : allows ref struct
    {
        try
        {
            return command(data);
        }
        catch (IOException e)
        {
            throw Translate(e);
        }
    }

    private IOException Translate(IOException e) => e switch
    {
        VfioUserException refused => new CommandRefusedException(refused.Errno, refused.Message, refused),
        VfioUserProtocolException => new DeviceFaultException(DeviceFault.Malformed, e.Message, e),
        VfioUserPeerException => new DeviceFaultException(client.IsConnected ? DeviceFault.Silent : DeviceFault.Gone, e.Message, e),
        _ => e,
    };
}
