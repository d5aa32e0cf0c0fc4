using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>Which addresses an address space can map. Source: linux/iommufd.h, struct iommu_ioas_iova_ranges.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("iommu_ioas_iova_ranges", Fields = "size ioas_id num_iovas __reserved allowed_iovas out_iova_alignment")]
internal struct IommuIoasIovaRanges
{
    internal uint Size, IoasId, NumIovas, Reserved;
    internal ulong AllowedIovas, OutIovaAlignment;
}
