using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What DMA to log. Source: linux/vfio.h, struct vfio_device_feature_dma_logging_control.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("vfio_device_feature_dma_logging_control", Fields = "page_size num_ranges __reserved ranges")]
internal struct VfioFeatureLogControl
{
    internal ulong PageSize;
    internal uint NumRanges, Reserved;
    internal ulong Ranges;
}
