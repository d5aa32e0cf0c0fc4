using Ferry.Memory;

namespace Ferry.Tracking;

/// <summary>A tracker whose report doesn't forget: a page is forgotten, and its next write seen again, only when it is taken.</summary>
/// <remarks>Taking late keeps a page that is written again before it is copied from being sent twice. Source: KVM_CLEAR_DIRTY_LOG in
/// the kernel's KVM API document.</remarks>
public interface IDeferredClear : IDirtyTracker
{
    /// <summary>Forgets the pages of <paramref name="range"/> that are set in <paramref name="pages"/>; any write from now on is reported.</summary>
    /// <remarks>To be called before a reported page is read for copying. Thread-safe for disjoint ranges. A reported page that is never
    /// taken is reported again. Allocates nothing.</remarks>
    /// <param name="range">A part of the started ranges, aligned to the tracking page size; fastest where it is aligned to 64 such pages.</param>
    /// <param name="pages">The pages that are about to be copied, at the tracking page size.</param>
    /// <exception cref="TrackerFailedException">The kernel refused; the pages stay reported.</exception>
    void Take(IovaRange range, DirtyBitmap pages);
}
