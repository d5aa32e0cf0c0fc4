using System.Diagnostics.CodeAnalysis;
using Ferry.Linux;
using Ferry.Linux.Kvm;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary><c>kvm-ring</c>: the vCPUs' writes by KVM's dirty rings, one a vCPU.</summary>
/// <remarks>A ring that fills up stops its vCPU with <see cref="KvmExit.DirtyRingFull"/>; the machine then calls <see cref="Harvest"/> and
/// lets it run again. A KVM that emulates instructions fills a ring faster than it looks whether it is full, and writes over entries that
/// nobody took; so the machine harvests before that, and a ring that was found full to the last entry counts as overflowed: from then on
/// each report fails and sets every page, and the tracker does not start again, since such a ring has lost count. A reset that a signal cut
/// short (Linux 6.17 and later) may leave taken pages unprotected: logging is then switched off and on, and every page counts as written. Pages that were taken from the rings before a report are kept until it. A processor that
/// collects written pages itself (page modification logging) hands them over when its vCPU leaves the guest: the report after all vCPUs
/// stopped has every write, an earlier one may lag behind a vCPU that runs. Source: the kernel's KVM API document, KVM_CAP_DIRTY_LOG_RING.</remarks>
public sealed class KvmRingTracker : IDirtyTracker
{
    /// <summary>The size of a vCPU's ring where nothing else is asked for, in entries.</summary>
    public const int UsualEntries = 65536;

    private readonly IKvmDirtyCalls _calls;
    private readonly IReadOnlyList<KvmVcpu> _vcpus;
    private readonly IReadOnlyList<KvmSlot> _slots;
    private readonly DirtyBitmap[] _pending;
    private readonly Lock _harvesting = new();
    private readonly StartedRanges _started = new("kvm-ring");
    private int _unreset;
    private bool _mustRearm;
    private bool _hasOverflowed;

    /// <summary>Tracks the memory slots of a machine whose vCPUs were created with dirty rings.</summary>
    public KvmRingTracker(KvmVm vm, IReadOnlyList<KvmVcpu> vcpus, IReadOnlyList<KvmSlot> slots)
        : this(new KvmDirtyCalls(vm), vcpus, slots)
    {
    }

    internal KvmRingTracker(IKvmDirtyCalls calls, IReadOnlyList<KvmVcpu> vcpus, IReadOnlyList<KvmSlot> slots)
    {
        (_calls, _vcpus, _slots) = (calls, vcpus, slots);
        _pending = [.. slots.Select(slot => new DirtyBitmap(slot.Region.Range, PageSize.Size4K))];
        Coverage = new()
        {
            Sources = [DmaSource.Vcpus],
            Ranges = [.. slots.Select(slot => slot.Region.Range)],
            PageSizes = [PageSize.Size4K],
            Precision = TrackingPrecision.Exact,
        };
    }

    /// <inheritdoc/>
    public string Name => "kvm-ring";

    /// <inheritdoc/>
    public Coverage Coverage { get; }

    /// <inheritdoc/>
    public bool IsStarted => _started.IsStarted;

    /// <summary>Prepares a machine that is to be tracked by dirty rings, or says why this kernel can't.</summary>
    /// <param name="vm">The machine, without vCPUs.</param>
    /// <param name="entries">The size of each vCPU's ring; a power of two.</param>
    /// <param name="reason">Where it can't, why.</param>
    /// <exception cref="KernelCallException">The kernel said that it can and refused.</exception>
    public static bool TryEnable(KvmVm vm, int entries, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(vm);
        reason = vm.TryEnableDirtyRing(entries) ? null : DescribeMissing(entries);
        return reason is null;
    }

    internal static string DescribeMissing(int entries) => $"this kernel has no dirty rings of {entries} entries (KVM_CAP_DIRTY_LOG_RING, Linux 5.11)";

    /// <inheritdoc/>
    public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        _started.Start(Coverage, ranges, pageSize);
        try
        {
            Forget();
            if (_hasOverflowed)
            {
                throw new TrackerStartException(Name, "a vCPU's ring was full to its last entry before and has lost count; use kvm-log, or a new machine");
            }

            KvmSlotLogging.Start(Name, _calls, _slots);
        }
        catch (KernelCallException e)
        {
            _started.Stop();
            throw new TrackerStartException(Name, e.Message, e);
        }
        catch
        {
            _started.Stop();
            throw;
        }
    }

    /// <summary>Takes what is in all rings and makes room. From any thread, also while vCPUs run; allocates nothing.</summary>
    /// <returns>How many entries there were.</returns>
    /// <exception cref="KernelCallException">The rings could not be reset; what was taken is not lost.</exception>
    public int Harvest()
    {
        var total = 0;
        lock (_harvesting)
        {
            for (var i = 0; i < _vcpus.Count; i++)
            {
                var taken = 0;
                while (_vcpus[i].TryTakeDirty(out var slot, out var page))
                {
                    _unreset++;
                    taken++;
                    Keep(slot, page);
                }

                // While its vCPU runs, entries may come as fast as they are taken; that much more than a ring is no overflow, but rare.
                _hasOverflowed |= taken > 0 && taken >= _vcpus[i].DirtyRingEntries;
                total += taken;
            }

            // A page that was taken is written unseen until the reset. One that failed is made up for by the next harvest, also by one
            // that finds no entry; what was taken stays pending until then, for reports drain behind a harvest alone.
            if (_unreset > 0 && _calls.ResetDirtyRings() != _unreset)
            {
                _mustRearm = true;
            }

            _unreset = 0;
            if (_mustRearm)
            {
                Rearm();
            }
        }

        return total;
    }

    /// <inheritdoc/>
    public void Report(IovaRange range, DirtyBitmap bitmap)
    {
        _started.Check(range, bitmap);
        var pending = _pending[KvmSlotLogging.IndexOf(_slots, range)];
        lock (_harvesting)
        {
            try
            {
                Harvest();
            }
            catch (KernelCallException e)
            {
                bitmap.Set(range);
                throw new TrackerFailedException(Name, e.Message, e);
            }

            if (_hasOverflowed)
            {
                bitmap.Set(range);
                throw new TrackerFailedException(Name, "a vCPU's ring was full to its last entry, so pages may be missing from it");
            }

            pending.Drain(bitmap, pending.PageOf(range.Start), range.LengthBytes >> PageSize.Size4K.Shift);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        if (_started.IsStarted)
        {
            _started.Stop();
            KvmSlotLogging.Stop(_calls, _slots, _slots.Count);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        foreach (var pending in _pending)
        {
            pending.Dispose();
        }
    }

    // What a reset left must be worked off first: a vCPU whose ring is full does not run.
    private void Rearm()
    {
        while (_calls.ResetDirtyRings() > 0)
        {
            // Each call goes on where the one before ended.
        }

        if (_started.IsStarted)
        {
            foreach (var slot in _slots)
            {
                _calls.SetLogging(slot, on: false);
                _calls.SetLogging(slot, on: true);
            }

            foreach (var pending in _pending)
            {
                pending.SetAll();
            }
        }

        _mustRearm = false;
    }

    private void Keep(uint slot, ulong page)
    {
        for (var i = 0; i < _slots.Count; i++)
        {
            if (_slots[i].Slot == slot)
            {
                _pending[i].SetPages(page, 1);
            }
        }
    }

    /// <summary>Drops what was written before the start, which may be what an earlier start left.</summary>
    private void Forget()
    {
        lock (_harvesting)
        {
            Harvest();
            foreach (var pending in _pending)
            {
                pending.Clear();
            }
        }
    }
}
