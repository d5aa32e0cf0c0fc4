using Ferry.Linux.Files;
using Ferry.Linux.Vfio;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Iommufd;

/// <summary>/dev/iommu: address spaces and page tables of devices, made and owned by this process. Source: linux/iommufd.h.</summary>
/// <remarks>Thread-safe as far as the kernel is. Closing it destroys all that was made of it.</remarks>
public sealed unsafe class Iommufd : IDisposable
{
    private const string Path = "/dev/iommu";
    internal const string Remedy = "load the module iommufd, in a kernel with CONFIG_IOMMUFD (Linux 6.2)";
    internal const ulong DirtyTrackingCapability = 1;
    internal const ushort OperationGet = 0;
    internal const ushort OperationSet = 1;
    internal const ushort OperationClear = 2;

    private Iommufd(SafeFileHandle handle) => Handle = handle;

    internal SafeFileHandle Handle { get; }

    /// <summary>Opens it, or says why it can't be used here.</summary>
    /// <param name="iommufd">The open file, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    public static bool TryOpen(out Iommufd? iommufd, out string? reason) => TryOpen(out iommufd, out reason, out _);

    /// <summary>Opens it, or says why it can't be used here.</summary>
    /// <param name="iommufd">The open file, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">Where null is returned, the error that the kernel refused the file with.</param>
    public static bool TryOpen(out Iommufd? iommufd, out string? reason, out int errno)
    {
        var opened = DeviceFile.TryOpen(Path, Remedy, out var handle, out reason, out errno);
        iommufd = opened ? new(handle!) : null;
        return opened;
    }

    /// <summary>Makes an address space.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public Ioas CreateIoas()
    {
        var alloc = new IommuIoasAlloc { Size = (uint)sizeof(IommuIoasAlloc) };
        VfioCalls.Call(Handle, IommufdCalls.IoasAlloc, ref alloc, Path);
        return new(this, alloc.OutIoasId);
    }

    /// <summary>Makes a page table of an address space, for the IOMMU of a device.</summary>
    /// <param name="deviceId">A device that was bound, <see cref="VfioDevice.DeviceId"/>.</param>
    /// <param name="ioas">Whose mappings it has, now and later.</param>
    /// <param name="dirtyTracking">Whether it can be tracked; devices whose IOMMU can't are then kept from it.</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance (EOPNOTSUPP) because the IOMMU has no dirty bit.</exception>
    public Hwpt CreateHwpt(uint deviceId, Ioas ioas, bool dirtyTracking)
    {
        ArgumentNullException.ThrowIfNull(ioas);
        var alloc = new IommuHwptAlloc { Size = (uint)sizeof(IommuHwptAlloc), Flags = dirtyTracking ? Hwpt.AllocDirtyTracking : 0, DevId = deviceId, PtId = ioas.Id };
        VfioCalls.Call(Handle, IommufdCalls.HwptAlloc, ref alloc, $"device {deviceId}, address space {ioas.Id}{(dirtyTracking ? ", with dirty tracking" : "")}");
        return new(this, alloc.OutHwptId, ioas, dirtyTracking);
    }

    /// <summary>Asks what the IOMMU of a device can do.</summary>
    /// <param name="deviceId">A device that was bound, <see cref="VfioDevice.DeviceId"/>.</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance because the device has no IOMMU of its own, as mediated ones.</exception>
    public IommuHardwareInfo GetHardwareInfo(uint deviceId)
    {
        var info = new IommuHwInfo { Size = (uint)sizeof(IommuHwInfo), DevId = deviceId };
        VfioCalls.Call(Handle, IommufdCalls.GetHwInfo, ref info, $"device {deviceId}");
        return new(info.OutDataType, (info.OutCapabilities & DirtyTrackingCapability) != 0);
    }

    /// <summary>The number of the address space that VFIO's older interface uses, or null where there is none yet.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public uint? GetCompatibleIoas()
    {
        var argument = new IommuVfioIoas { Size = (uint)sizeof(IommuVfioIoas), Op = OperationGet };
        if (VfioCalls.Ioctl(Handle, IommufdCalls.VfioIoas.Number, (nint)(&argument)) >= 0)
        {
            return argument.IoasId;
        }

        var failure = VfioCalls.Failure(IommufdCalls.VfioIoas, Path);
        return failure.Errno is VfioErrno.NoEntry or VfioErrno.NoDevice ? null : throw failure;
    }

    /// <summary>Lets VFIO's older interface use an address space, for groups that are put into this file as into a container.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void SetCompatibleIoas(Ioas ioas)
    {
        ArgumentNullException.ThrowIfNull(ioas);
        var argument = new IommuVfioIoas { Size = (uint)sizeof(IommuVfioIoas), IoasId = ioas.Id, Op = OperationSet };
        VfioCalls.Call(Handle, IommufdCalls.VfioIoas, ref argument, $"address space {ioas.Id}");
    }

    /// <summary>Lets VFIO's older interface use none.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void ClearCompatibleIoas()
    {
        var argument = new IommuVfioIoas { Size = (uint)sizeof(IommuVfioIoas), Op = OperationClear };
        VfioCalls.Call(Handle, IommufdCalls.VfioIoas, ref argument, Path);
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    /// <summary>Destroys an object; one that is still used stays until the file is closed.</summary>
    internal void Destroy(uint id)
    {
        if (!Handle.IsClosed)
        {
            var destroy = new IommuDestroy { Size = (uint)sizeof(IommuDestroy), Id = id };
            _ = VfioCalls.Ioctl(Handle, IommufdCalls.Destroy.Number, (nint)(&destroy));
        }
    }
}
