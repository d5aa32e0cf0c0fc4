using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>The requests of VFIO, one row each. Source: linux/vfio.h.</summary>
internal static unsafe partial class VfioCalls
{
    private const uint Base = 100;

    internal static readonly VfioRequest GetApiVersion = new(Base, "VFIO_GET_API_VERSION");
    internal static readonly VfioRequest CheckExtension = new(Base + 1, "VFIO_CHECK_EXTENSION");
    internal static readonly VfioRequest SetIommu = new(Base + 2, "VFIO_SET_IOMMU");
    internal static readonly VfioRequest GroupGetStatus = new(Base + 3, "VFIO_GROUP_GET_STATUS");
    internal static readonly VfioRequest GroupSetContainer = new(Base + 4, "VFIO_GROUP_SET_CONTAINER");
    internal static readonly VfioRequest GroupUnsetContainer = new(Base + 5, "VFIO_GROUP_UNSET_CONTAINER");
    internal static readonly VfioRequest GroupGetDevice = new(Base + 6, "VFIO_GROUP_GET_DEVICE_FD");
    internal static readonly VfioRequest DeviceGetInfo = new(Base + 7, "VFIO_DEVICE_GET_INFO");
    internal static readonly VfioRequest DeviceGetRegionInfo = new(Base + 8, "VFIO_DEVICE_GET_REGION_INFO");
    internal static readonly VfioRequest DeviceGetInterruptInfo = new(Base + 9, "VFIO_DEVICE_GET_IRQ_INFO");
    internal static readonly VfioRequest DeviceSetInterrupts = new(Base + 10, "VFIO_DEVICE_SET_IRQS");
    internal static readonly VfioRequest DeviceReset = new(Base + 11, "VFIO_DEVICE_RESET");
    internal static readonly VfioRequest DeviceFeature = new(Base + 17, "VFIO_DEVICE_FEATURE");
    internal static readonly VfioRequest DeviceBindIommufd = new(Base + 18, "VFIO_DEVICE_BIND_IOMMUFD");
    internal static readonly VfioRequest DeviceAttach = new(Base + 19, "VFIO_DEVICE_ATTACH_IOMMUFD_PT");
    internal static readonly VfioRequest DeviceDetach = new(Base + 20, "VFIO_DEVICE_DETACH_IOMMUFD_PT");
    internal static readonly VfioRequest GetPreCopyInfo = new(Base + 21, "VFIO_MIG_GET_PRECOPY_INFO");
    internal static readonly VfioRequest IommuGetInfo = new(Base + 12, "VFIO_IOMMU_GET_INFO");
    internal static readonly VfioRequest MapDma = new(Base + 13, "VFIO_IOMMU_MAP_DMA");
    internal static readonly VfioRequest UnmapDma = new(Base + 14, "VFIO_IOMMU_UNMAP_DMA");
    internal static readonly VfioRequest DirtyPages = new(Base + 17, "VFIO_IOMMU_DIRTY_PAGES");

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(SafeHandle file, void* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint WriteAt(SafeHandle file, void* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeHandle file, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(SafeHandle file, void* bytes, nuint count);

    /// <summary>Makes a request that must succeed.</summary>
    internal static int Call(SafeHandle file, VfioRequest request, nint argument, string subject)
    {
        var result = Ioctl(file, request.Number, argument);
        return result >= 0 ? result : throw Failure(request, subject);
    }

    /// <summary>Makes a request that must succeed, on a structure.</summary>
    internal static int Call<T>(SafeHandle file, VfioRequest request, ref T argument, string subject)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            return Call(file, request, (nint)pointer, subject);
        }
    }

    /// <summary>What the last call failed with.</summary>
    internal static KernelCallException Failure(VfioRequest request, string subject) =>
        new($"ioctl({request.Name})", Marshal.GetLastPInvokeError(), subject);

    /// <summary>Asks for a structure whose length only the kernel knows: once for its length, once for all of it.</summary>
    /// <typeparam name="T">The structure's head, which begins with <c>argsz</c>.</typeparam>
    /// <returns>The bytes, head included.</returns>
    internal static byte[] GetInfo<T>(SafeHandle file, VfioRequest request, T head, string subject)
        where T : unmanaged
    {
        const uint maxBytes = 1 << 20;
        var neededBytes = (uint)sizeof(T);
        while (true)
        {
            var bytes = new byte[neededBytes];
            Unsafe.WriteUnaligned(ref bytes[0], head);
            Unsafe.WriteUnaligned(ref bytes[0], neededBytes);
            fixed (byte* pointer = bytes)
            {
                Call(file, request, (nint)pointer, subject);
            }

            var told = Unsafe.ReadUnaligned<uint>(ref bytes[0]);
            if (told <= neededBytes)
            {
                return bytes;
            }

            neededBytes = told <= maxBytes ? told : throw new KernelCallException($"ioctl({request.Name})", VfioErrno.TooBig, $"{subject}: {told} bytes, at most {maxBytes} are taken");
        }
    }
}
