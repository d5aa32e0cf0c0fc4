using System.Runtime.InteropServices;

namespace Ferry.Linux.Iommufd;

/// <summary>An option to get or set. Source: linux/iommufd.h, struct iommu_option.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("iommu_option", Fields = "size option_id op __reserved object_id val64")]
internal struct IommuOption
{
    internal uint Size, OptionId;
    internal ushort Op, Reserved;
    internal uint ObjectId;
    internal ulong Val64;
}
