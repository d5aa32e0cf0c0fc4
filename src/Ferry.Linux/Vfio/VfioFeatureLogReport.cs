using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>What of the log to read, and where to. Source: linux/vfio.h, struct vfio_device_feature_dma_logging_report.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
[KernelStruct("vfio_device_feature_dma_logging_report")]
internal struct VfioFeatureLogReport
{
    internal ulong Iova, Length, PageSize, Bitmap;
}
