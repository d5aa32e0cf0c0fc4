using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>A range of addresses; the last is inclusive. Source: linux/iommufd.h, struct iommu_iova_range.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("iommu_iova_range")]
internal struct IommuIovaRange
{
    internal ulong Start, Last;
}
