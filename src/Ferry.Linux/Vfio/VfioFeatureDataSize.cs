using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>How many bytes STOP_COPY will give. Source: linux/vfio.h, struct vfio_device_feature_mig_data_size.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_device_feature_mig_data_size")]
internal struct VfioFeatureDataSize
{
    internal ulong StopCopyLength;
}
