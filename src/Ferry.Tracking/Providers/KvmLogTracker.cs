using Ferry.Linux;
using Ferry.Linux.Kvm;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>kvm-log</c>: the vCPUs' writes by KVM's dirty log with manual protection.</summary>
/// <remarks>Starting write-protects nothing: every page counts as reported and not yet taken, so the first report names them all and a
/// page is tracked from its <see cref="Take"/> on. That makes the start cheap, and costs nothing to a migration, which copies every page
/// once anyhow. Source: the kernel's KVM API document, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 with INITIALLY_SET.</remarks>
public sealed class KvmLogTracker : IDeferredClear
{
    private readonly IKvmDirtyCalls _calls;
    private readonly IReadOnlyList<KvmSlot> _slots;
    private readonly DirtyBitmap[] _scratch;
    private readonly StartedRanges _started = new("kvm-log");

    /// <summary>Tracks the memory slots of a machine for which manual protection was enabled.</summary>
    public KvmLogTracker(KvmVm vm, IReadOnlyList<KvmSlot> slots)
        : this(new KvmDirtyCalls(vm), slots)
    {
    }

    internal KvmLogTracker(IKvmDirtyCalls calls, IReadOnlyList<KvmSlot> slots)
    {
        (_calls, _slots) = (calls, slots);
        _scratch = [.. slots.Select(slot => new DirtyBitmap(slot.Region.Range, PageSize.Size4K))];
        Coverage = new()
        {
            Sources = [DmaSource.Vcpus],
            Ranges = [.. slots.Select(slot => slot.Region.Range)],
            PageSizes = [PageSize.Size4K],
            Precision = TrackingPrecision.Exact,
        };
    }

    /// <inheritdoc/>
    public string Name => "kvm-log";

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        try
        {
            KvmSlotLogging.Start(Name, _calls, _slots);
        }
        catch
        {
            _started.Stop();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        var index = KvmSlotLogging.IndexOf(_slots, range);
        var log = _scratch[index];
        try
        {
            _calls.GetDirtyLog(_slots[index].Slot, log.Words);
        }
        catch (KernelCallException e)
        {
            bitmap.Set(range);
            throw new TrackerFailedException(Name, e.Message, e);
        }

        if (log.IsWordAligned(range))
        {
            bitmap.Or(log.WordsOf(range), range.Start, PageSize.Size4K, range.LengthBytes >> PageSize.Size4K.Shift);
            return;
        }

        foreach (var (first, count) in log.Runs(log.PageOf(range.Start), range.LengthBytes >> PageSize.Size4K.Shift))
        {
            bitmap.Set(new(new(log.Range.Start.Value + (first << PageSize.Size4K.Shift)), count << PageSize.Size4K.Shift));
        }
    }

    /// <inheritdoc/>
    public void Take(IovaRange range, DirtyBitmap pages)
    {
        _started.Check(range, pages);
        var slot = _slots[KvmSlotLogging.IndexOf(_slots, range)];
        if (pages.PageSize != PageSize.Size4K || !pages.IsWordAligned(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, "Pages are taken in whole words of 64 pages of 4K.");
        }

        try
        {
            _calls.ClearDirtyLog(
                slot.Slot,
                (range.Start.Value - slot.Region.Start.Value) >> PageSize.Size4K.Shift,
                checked((uint)(range.LengthBytes >> PageSize.Size4K.Shift)),
                pages.WordsOf(range));
        }
        catch (KernelCallException e)
        {
            throw new TrackerFailedException(Name, e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (_started.IsStarted)
        {
            _started.Stop();
            foreach (var slot in _slots)
            {
                _calls.SetLogging(slot, on: false);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var scratch in _scratch)
        {
            scratch.Dispose();
        }
    }
}
