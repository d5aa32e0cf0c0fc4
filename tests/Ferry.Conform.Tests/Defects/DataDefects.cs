using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Estimates ten times what it gives.</summary>
internal sealed class EstimatesTooMuch(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override ulong? EstimateStopCopyBytes() => 10 * base.EstimateStopCopyBytes();
}

/// <summary>Gives nothing before it has stopped.</summary>
internal sealed class SilentPreCopy(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override int ReadMigrationData(Span<byte> buffer) => State == VfioDeviceState.StopCopy ? base.ReadMigrationData(buffer) : 0;
}

/// <summary>Takes a state that ends too early, as long as what came is well.</summary>
internal sealed class AcceptsCut(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private bool _isRefused;

    public override void SetState(VfioDeviceState next)
    {
        var isLeaving = State == VfioDeviceState.Resuming;
        try
        {
            base.SetState(next);
        }
        catch (VfioUserException) when (isLeaving && !_isRefused)
        {
            base.Reset();
            base.SetState(next);
        }

        _isRefused = false;
    }

    public override void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        try
        {
            base.WriteMigrationData(data);
        }
        catch (VfioUserException)
        {
            _isRefused = true;
            throw;
        }
    }
}

/// <summary>Takes whatever is as long as the state that it saved last.</summary>
internal sealed class AcceptsAltered(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private long _savedBytes;
    private long _loadedBytes;

    public override void SetState(VfioDeviceState next)
    {
        var isWhole = State == VfioDeviceState.Resuming && _loadedBytes == _savedBytes;
        _savedBytes = next == VfioDeviceState.StopCopy ? 0 : _savedBytes;
        _loadedBytes = 0;
        try
        {
            base.SetState(next);
        }
        catch (VfioUserException) when (isWhole)
        {
            base.Reset();
            base.SetState(next);
        }
    }

    public override int ReadMigrationData(Span<byte> buffer)
    {
        var read = base.ReadMigrationData(buffer);
        _savedBytes += read;
        return read;
    }

    public override void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        _loadedBytes += data.Length;
        try
        {
            base.WriteMigrationData(data);
        }
        catch (VfioUserException)
        {
            // Whether it is well is looked at never.
        }
    }
}

/// <summary>Takes a state and comes out of it as new.</summary>
internal sealed class ForgetsState(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void SetState(VfioDeviceState next)
    {
        var isLeaving = State == VfioDeviceState.Resuming;
        base.SetState(next);
        if (isLeaving)
        {
            base.Reset();
            base.SetState(next);
        }
    }
}

/// <summary>Takes a state only in the pieces in which it gives it.</summary>
internal sealed class NeedsLargePieces(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        if (data.Length == 1)
        {
            throw new VfioUserException(22, "a planted defect");
        }

        base.WriteMigrationData(data);
    }
}

/// <summary>Does something to the run when it is asked for an estimate: ends, or never answers.</summary>
internal sealed class FailsAtEstimate(IVfioUserDevice inner, Action fail) : DeviceWrapper(inner)
{
    public override ulong? EstimateStopCopyBytes()
    {
        fail();
        return base.EstimateStopCopyBytes();
    }
}

/// <summary>Has no data channel in PRE_COPY_P2P.</summary>
internal sealed class ClosedInP2P(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    public override int ReadMigrationData(Span<byte> buffer) =>
        State == VfioDeviceState.PreCopyP2P ? throw new VfioUserException(22, "a planted defect") : base.ReadMigrationData(buffer);
}
