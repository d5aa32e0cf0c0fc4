using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>The migration state, and the descriptor of the data session that it opens. Source: linux/vfio.h, struct vfio_device_feature_mig_state.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("vfio_device_feature_mig_state")]
internal struct VfioFeatureState
{
    internal uint DeviceState;
    internal int DataFd;
}
