using Ferry.Linux.Iommufd;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The real calls.</summary>
internal sealed class HwptCalls(Hwpt hwpt) : IHwptCalls
{
    public IReadOnlyList<IovaRange> Mappings => hwpt.Ioas.Mappings;

    public void SetTracking(bool enabled) => hwpt.SetDirtyTracking(enabled);

    public void GetDirty(IovaRange range, PageSize pageSize, Span<ulong> words, bool clear) => hwpt.GetDirtyBitmap(range, pageSize, words, clear);

    public void Unmap(IovaRange range) => hwpt.Ioas.Unmap(range);
}
