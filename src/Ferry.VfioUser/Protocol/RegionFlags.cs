namespace Ferry.VfioUser.Protocol;

/// <summary>The flags and the capability of a region. Source: linux/vfio.h, VFIO_REGION_INFO_*.</summary>
internal static class RegionFlags
{
    internal const uint Read = 1;
    internal const uint Write = 2;
    internal const uint Mappable = 4;
    internal const uint HasCapabilities = 8;
    internal const int InfoBytes = 32;
    internal const ushort SparseMappingCapability = 1;
    internal const int SparseHeadBytes = 16;
    internal const int SparseAreaBytes = 16;
}
