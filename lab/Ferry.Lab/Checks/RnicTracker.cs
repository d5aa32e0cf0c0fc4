using Ferry.Lab.Devices;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;

namespace Ferry.Lab.Checks;

/// <summary>A tracker of the lab's device that really writes, for the suite that every tracker passes.</summary>
internal sealed class RnicTracker : ITrackerFixture
{
    private readonly ContainedRnic _rnic = new(new() { MessageBytes = 4096 });
    private readonly Action<ContainedRnic>? _breakNextCall;

    /// <summary>Makes both.</summary>
    /// <param name="create">Makes the tracker.</param>
    /// <param name="breakNextCall">Makes the next call of a report fail, and no other; null where nothing can.</param>
    public RnicTracker(Func<ContainedRnic, IDirtyTracker> create, Action<ContainedRnic>? breakNextCall)
    {
        _breakNextCall = breakNextCall;
        Tracker = create(_rnic);
    }

    /// <inheritdoc/>
    public IDirtyTracker Tracker { get; }

    /// <inheritdoc/>
    public IovaRange Range => ContainedRnic.Range;

    /// <inheritdoc/>
    public PageSize PageSize => PageSize.Size4K;

    /// <inheritdoc/>
    public void Write(ulong page) => _rnic.Write(new(Range.Start.Value + (page << PageSize.Size4K.Shift)));

    /// <inheritdoc/>
    public bool FailNextCall()
    {
        _breakNextCall?.Invoke(_rnic);
        return _breakNextCall is not null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tracker.Dispose();
        _rnic.Dispose();
    }
}
