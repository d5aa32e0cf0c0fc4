using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>What an IOMMU can do. Reserved bytes, which later kernels use, are left out. Source: linux/iommufd.h, struct iommu_hw_info.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
[KernelStruct("iommu_hw_info")]
internal struct IommuHwInfo
{
    [FieldOffset(0)]
    internal uint Size;

    [FieldOffset(4)]
    internal uint Flags;

    [FieldOffset(8)]
    internal uint DevId;

    [FieldOffset(12)]
    internal uint DataLen;

    [FieldOffset(16)]
    internal ulong DataUptr;

    [FieldOffset(24)]
    internal uint OutDataType;

    [FieldOffset(32)]
    internal ulong OutCapabilities;
}
