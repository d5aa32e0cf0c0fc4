using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>A new page table. Source: linux/iommufd.h, struct iommu_hwpt_alloc.</summary>
[StructLayout(LayoutKind.Sequential, Size = 48)]
[KernelStruct("iommu_hwpt_alloc", Fields = "size flags dev_id pt_id out_hwpt_id __reserved data_type data_len data_uptr fault_id __reserved2")]
internal struct IommuHwptAlloc
{
    internal uint Size, Flags, DevId, PtId, OutHwptId, Reserved, DataType, DataLen;
    internal ulong DataUptr;
    internal uint FaultId, Reserved2;
}
