using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>The real calls.</summary>
internal sealed class Type1Calls(VfioContainer container) : IType1Calls
{
    public IReadOnlyList<IovaRange> Mappings => container.Mappings;

    public void Start() => container.StartDirtyTracking();

    public void Stop() => container.StopDirtyTracking();

    public void GetDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words) => container.GetDirtyBitmap(mapping, pageSize, words);

    public void UnmapWithDirty(IovaRange mapping, PageSize pageSize, Span<ulong> words) => container.UnmapWithDirty(mapping, pageSize, words);

    public void Unmap(IovaRange range) => container.Unmap(range);
}
