using System.Buffers;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>State of the machine itself, as it comes.</summary>
/// <param name="what">Whose state, for messages.</param>
internal sealed class StateReceiver(string what)
{
    /// <summary>The most that is kept.</summary>
    internal const int MaxBytes = 64 << 20;

    private readonly ArrayBufferWriter<byte> _state = new(64 << 10);
    private ulong _hash;
    private bool _isComplete;

    /// <summary>Takes what came; throws <see cref="InvalidDataException"/> where it is no such state.</summary>
    internal delegate void Loader(ReadOnlySpan<byte> state);

    internal bool IsLoaded { get; private set; }

    internal void Take(ReadOnlySpan<byte> data)
    {
        if (_isComplete || data.Length > MaxBytes - _state.WrittenCount)
        {
            throw new StreamProtocolException($"{data.Length} bytes of the state of {what} came beyond {_state.WrittenCount}; the limit is {MaxBytes}.");
        }

        _hash = StateHash.Add(_hash, data);
        _state.Write(data);
    }

    internal void End(ulong bytes, ulong hash)
    {
        if (_isComplete || bytes != (ulong)_state.WrittenCount || hash != _hash)
        {
            throw new MigrationFailedException(
                FailureKind.Verification, $"The state of {what} was altered or lost on the way: {_state.WrittenCount} bytes came of {bytes}.");
        }

        _isComplete = true;
    }

    internal void Load(Loader load)
    {
        if (!_isComplete)
        {
            throw new MigrationFailedException(FailureKind.Verification, $"The state of {what} did not come, or not all of it.");
        }

        try
        {
            load(_state.WrittenSpan);
        }
        catch (InvalidDataException e)
        {
            throw new MigrationFailedException(FailureKind.Verification, $"The state of {what} can't be loaded: {e.Message}", e);
        }

        IsLoaded = true;
    }

    /// <summary>Begins anew, for a state that comes again.</summary>
    internal void Restart()
    {
        _state.ResetWrittenCount();
        (_hash, _isComplete) = (0, false);
    }
}
