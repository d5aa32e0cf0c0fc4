using System.Diagnostics.CodeAnalysis;
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
    internal const string TooOld = "this kernel's dirty log can't be cleared by hand (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, Linux 5.7)";
    private const ulong PagesPerPart = 4096;
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

    /// <summary>Prepares a machine that is to be tracked by its dirty log, or says why this kernel can't.</summary>
    /// <param name="vm">The machine, without vCPUs.</param>
    /// <param name="reason">Where it can't, why.</param>
    /// <exception cref="KernelCallException">The kernel said that it can and refused.</exception>
    public static bool TryEnable(KvmVm vm, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(vm);
        reason = vm.TryEnableManualProtect() ? null : TooOld;
        return reason is null;
    }

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
        if (pages.PageSize != PageSize.Size4K)
        {
            throw new ArgumentException($"Pages are taken at {PageSize.Size4K}, not at {pages.PageSize}.", nameof(pages));
        }

        var slot = _slots[KvmSlotLogging.IndexOf(_slots, range)];
        var first = (range.Start.Value - slot.Region.Start.Value) >> PageSize.Size4K.Shift;
        var end = first + (range.LengthBytes >> PageSize.Size4K.Shift);
        try
        {
            if (first % 64 == 0 && (end % 64 == 0 || range.Last == slot.Region.Range.Last) && end - first <= uint.MaxValue && pages.IsWordAligned(range))
            {
                _calls.ClearDirtyLog(slot.Slot, first, (uint)(end - first), pages.WordsOf(range));
            }
            else
            {
                TakeInParts(slot, first, end, pages, pages.PageOf(range.Start));
            }
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
            KvmSlotLogging.Stop(_calls, _slots, _slots.Count);
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

    /// <summary>Takes what doesn't begin and end where the kernel wants it: widened to that, with nothing set in what was added.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="first">The first page in the slot.</param>
    /// <param name="end">The page behind the last.</param>
    /// <param name="pages">Which of them.</param>
    /// <param name="firstBit">Where the first page is in the bitmap, which may begin elsewhere than the slot.</param>
    private void TakeInParts(KvmSlot slot, ulong first, ulong end, DirtyBitmap pages, ulong firstBit)
    {
        Span<ulong> words = stackalloc ulong[(int)(PagesPerPart / 64)];
        for (var part = first & ~63UL; part < end; part += PagesPerPart)
        {
            var partEnd = Math.Min(Math.Min(part + PagesPerPart, (end + 63) & ~63UL), slot.Region.LengthBytes >> PageSize.Size4K.Shift);
            var from = Math.Max(part, first);
            words.Clear();
            foreach (var (run, count) in pages.Runs(firstBit + (from - first), Math.Min(partEnd, end) - from))
            {
                for (ulong i = 0; i < count; i++)
                {
                    var page = first + (run - firstBit) + i - part;
                    words[(int)(page / 64)] |= 1UL << (int)(page % 64);
                }
            }

            _calls.ClearDirtyLog(slot.Slot, part, (uint)(partEnd - part), words);
        }
    }
}
