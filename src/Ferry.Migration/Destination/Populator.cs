using Ferry.Memory;
using Ferry.Migration.Contracts;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>Touches the memory that is about to arrive, in the order in which it arrives.</summary>
/// <remarks>Thread-safe: a channel that is faster than the populating threads populates its stripe itself.</remarks>
internal sealed class Populator : IDisposable
{
    // What a thread is at when it is told to stop is waited for, and memory that the host has to find first comes at 0.1 GB/s or less.
    private const ulong StepBytes = 256 << 10;

    private readonly EngineHost _host;
    private readonly IMigratableMachine _machine;
    private readonly PageLayout _layout;
    private readonly IovaRange[] _extents;
    private readonly int[] _claimed;
    private readonly WorkCrew? _crew;
    private readonly long _began;
    private volatile bool _isStopped;
    private long _lastTicks;
    private long _populatedBytes;

    /// <summary>Starts populating, unless the mode is none.</summary>
    internal Populator(EngineHost host, IMigratableMachine machine, PageLayout layout, IReadOnlyList<DescribedRange> extents, PopulateMode mode, int threads)
    {
        (_host, _machine, _layout, _began) = (host, machine, layout, host.Now());
        _claimed = new int[layout.StripeCount];
        _extents = mode == PopulateMode.None ? [] : [.. extents.Select(extent => new IovaRange(new Iova(extent.Start), extent.Bytes))];
        if (_extents.Length > 0)
        {
            _crew = new WorkCrew(host, "ferry populate", threads, (int)layout.StripeCount, stripe => Ensure((uint)stripe));
        }
    }

    internal ulong PopulatedBytes => (ulong)Volatile.Read(ref _populatedBytes);

    /// <summary>From the start to the last page that was populated.</summary>
    internal TimeSpan Elapsed => TimeSpan.FromTicks(Volatile.Read(ref _lastTicks));

    internal TimeSpan Cpu => _crew?.Cpu ?? TimeSpan.Zero;

    /// <summary>Waits until all is populated.</summary>
    /// <returns>False where it is not within <paramref name="timeout"/>.</returns>
    internal bool Wait(TimeSpan timeout) => _crew?.Wait(timeout) ?? true;

    /// <summary>Populates a stripe unless that was done or is under way. Allocates nothing.</summary>
    internal void Ensure(uint stripe)
    {
        if (_extents.Length == 0 || Volatile.Read(ref _claimed[stripe]) != 0 || Interlocked.Exchange(ref _claimed[stripe], 1) != 0)
        {
            return;
        }

        var range = _layout.RangeOfStripe(stripe);
        for (var i = FirstEndingIn(range); i < _extents.Length && _extents[i].Start <= range.Last; i++)
        {
            var start = Math.Max(range.Start.Value, _extents[i].Start.Value);
            var end = Math.Min(range.Last.Value, _extents[i].Last.Value) + 1;
            for (var step = 0UL; start < end && !_isStopped; start += step)
            {
                step = Math.Min(StepBytes, end - start);
                _machine.Populate(new IovaRange(new Iova(start), step));
                Interlocked.Add(ref _populatedBytes, (long)step);
                Volatile.Write(ref _lastTicks, _host.Since(_began).Ticks);
            }
        }
    }

    /// <summary>Leaves what is not populated yet; it was a hint. Does not wait.</summary>
    internal void Stop() => _isStopped = true;

    public void Dispose()
    {
        Stop();
        _crew?.Dispose();
    }

    // The first extent that does not end before the range.
    private int FirstEndingIn(IovaRange range)
    {
        var (low, high) = (0, _extents.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_extents[middle].Last < range.Start)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
