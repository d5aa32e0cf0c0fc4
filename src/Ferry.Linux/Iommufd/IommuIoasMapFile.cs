using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>Which part of a file to map. Source: linux/iommufd.h, struct iommu_ioas_map_file.</summary>
[StructLayout(LayoutKind.Sequential, Size = 40)]
[KernelStruct("iommu_ioas_map_file")]
internal struct IommuIoasMapFile
{
    internal uint Size, Flags, IoasId;
    internal int Fd;
    internal ulong Start, Length, Iova;
}
