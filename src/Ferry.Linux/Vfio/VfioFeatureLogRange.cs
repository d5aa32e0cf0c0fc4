using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>A range whose DMA to log. Source: linux/vfio.h, struct vfio_device_feature_dma_logging_range.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("vfio_device_feature_dma_logging_range")]
internal struct VfioFeatureLogRange
{
    internal ulong Iova, Length;
}
