using System.Buffers;
using Ferry.Migration.Contracts;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>The vCPUs' state, as it comes.</summary>
internal sealed class VcpuStateReceiver
{
    /// <summary>The most that is kept.</summary>
    internal const int MaxBytes = 64 << 20;

    private readonly ArrayBufferWriter<byte> _state = new(64 << 10);
    private ulong _hash;
    private bool _isComplete;

    internal bool IsLoaded { get; private set; }

    internal void Take(ReadOnlySpan<byte> data)
    {
        if (_isComplete || data.Length > MaxBytes - _state.WrittenCount)
        {
            throw new StreamProtocolException($"{data.Length} bytes of vCPU state came beyond {_state.WrittenCount}; the limit is {MaxBytes}.");
        }

        _hash = StateHash.Add(_hash, data);
        _state.Write(data);
    }

    internal void End(ulong bytes, ulong hash)
    {
        if (_isComplete || bytes != (ulong)_state.WrittenCount || hash != _hash)
        {
            throw new MigrationFailedException(
                FailureKind.Verification, $"The state of the vCPUs was altered or lost on the way: {_state.WrittenCount} bytes came of {bytes}.");
        }

        _isComplete = true;
    }

    internal void Load(IMigratableMachine machine)
    {
        if (!_isComplete)
        {
            throw new MigrationFailedException(FailureKind.Verification, "The state of the vCPUs did not come, or not all of it.");
        }

        try
        {
            machine.LoadVcpus(_state.WrittenSpan);
        }
        catch (InvalidDataException e)
        {
            throw new MigrationFailedException(FailureKind.Verification, $"The state of the vCPUs can't be loaded: {e.Message}", e);
        }

        IsLoaded = true;
    }
}
