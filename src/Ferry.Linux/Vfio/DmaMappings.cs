using Ferry.Memory;

namespace Ferry.Linux.Vfio;

/// <summary>Which ranges are mapped for DMA: each as it was mapped, sorted, disjoint because the kernel maps no address twice.</summary>
/// <remarks>Changed by one thread at a time; read by any, which sees the list before or after a change.</remarks>
internal sealed class DmaMappings
{
    private volatile IovaRange[] _ranges = [];

    /// <summary>The ranges; the list never changes, there is a new one after each change.</summary>
    public IReadOnlyList<IovaRange> Ranges => _ranges;

    /// <summary>Takes down what the kernel has mapped.</summary>
    public void Add(IovaRange range)
    {
        var at = Array.FindIndex(_ranges, other => other.Start > range.Start);
        _ranges = at < 0 ? [.. _ranges, range] : [.. _ranges[..at], range, .. _ranges[at..]];
    }

    /// <summary>Takes down what the kernel has unmapped: all that lies within.</summary>
    public void Remove(IovaRange within) => _ranges = [.. _ranges.Where(range => !within.Contains(range))];

    /// <summary>Whether an unmapping of <paramref name="range"/> would leave a part of a mapping, which the kernel refuses.</summary>
    public bool Splits(IovaRange range) => Array.Exists(_ranges, mapping => mapping.Overlaps(range) && !range.Contains(mapping));

    /// <summary>What a kernel that refused a mapping was short of, in words.</summary>
    public static string Describe(int errno) => errno switch
    {
        VfioErrno.NoMemory => $": {Memory.LockedMemory.Describe()}",
        VfioErrno.NoSpace => ": the container may have no more mappings: see dma_entry_limit of the module vfio_iommu_type1",
        VfioErrno.Exists or VfioErrno.AddressInUse => ": an address of it is mapped already",
        VfioErrno.BadAddress => ": not all of it is mapped in this process, or not writable",
        VfioErrno.NoEntry or VfioErrno.Invalid => ": not page aligned, or outside of the addresses that its devices can use",
        _ => "",
    };
}
