using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Looks at a state on the way to STOP, and not where it is told to run at once.</summary>
internal sealed class AcceptsCutOnTheWay(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        var isLeaving = State == VfioDeviceState.Resuming;
        try
        {
            base.SetState(next);
        }
        catch (VfioUserException) when (isLeaving && next == VfioDeviceState.Running)
        {
            base.Reset();
        }
    }
}

/// <summary>Takes what comes behind the end of a state, and does not look at it.</summary>
internal sealed class IgnoresTail(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private long _streamBytes;
    private long _readBytes;
    private long _loadedBytes;

    public override void SetState(VfioDeviceState next)
    {
        _readBytes = State is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P ? _readBytes : 0;
        _loadedBytes = 0;
        base.SetState(next);
    }

    public override int ReadMigrationData(Span<byte> buffer)
    {
        var read = base.ReadMigrationData(buffer);
        _readBytes += read;
        _streamBytes = read == 0 && State == VfioDeviceState.StopCopy ? _readBytes : _streamBytes;
        return read;
    }

    public override void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        if (State != VfioDeviceState.Resuming || _loadedBytes < _streamBytes)
        {
            base.WriteMigrationData(data);
            _loadedBytes += data.Length;
        }
    }
}

/// <summary>Gives no estimate in the P2P states.</summary>
internal sealed class EstimatesNotInP2P(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override ulong? EstimateStopCopyBytes() =>
        State is VfioDeviceState.RunningP2P or VfioDeviceState.PreCopyP2P ? null : base.EstimateStopCopyBytes();
}
