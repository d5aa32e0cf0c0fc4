namespace Ferry.VfioUser.Protocol;

/// <summary>The flags of DMA_MAP and DMA_UNMAP. Source: QEMU docs/interop/vfio-user.rst; the mapping modes are libvfio-user's.</summary>
internal static class DmaFlags
{
    internal const uint MapRead = 1;
    internal const uint MapWrite = 2;
    internal const uint MapByMapping = 4;
    internal const uint UnmapGetDirty = 1;
    internal const uint UnmapAll = 2;
}
