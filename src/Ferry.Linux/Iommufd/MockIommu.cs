using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Linux.Iommufd;

/// <summary>A device and an IOMMU that exist in the kernel's mind only, with dirty bits that are set by a call: what kernels with CONFIG_IOMMUFD_TEST
/// have to test iommufd with. Source: drivers/iommu/iommufd/iommufd_test.h, struct iommu_test_cmd.</summary>
/// <remarks>Its pages are of 2 KiB, its larger ones of 1 MiB; it maps from 16 MiB to 2 GiB.</remarks>
internal sealed unsafe class MockIommu
{
    /// <summary>The device's IOMMU has no dirty bits.</summary>
    internal const uint WithoutDirtyBits = 1;

    /// <summary>It maps memory that lies together with its larger pages.</summary>
    internal const uint WithLargerPages = 2;

    /// <summary>The first address that it maps.</summary>
    internal const ulong FirstAddress = 1 << 24;

    private const ulong PageBytes = 2048;
    private const int Words = 9;
    private const ulong Replace = 10;
    private const ulong MakeWithFlags = 12;
    private const ulong SetDirty = 13;
    private static readonly VfioRequest Request = new(0xa0, "IOMMU_TEST_CMD");
    private readonly Iommufd _iommufd;
    private readonly uint _mockId;

    /// <summary>Makes a device on an address space.</summary>
    /// <exception cref="KernelCallException">The kernel has none, or refused.</exception>
    internal MockIommu(Iommufd iommufd, Ioas ioas, uint flags)
    {
        _iommufd = iommufd;
        var command = stackalloc ulong[Words];
        ((uint*)command)[7] = flags;
        Call(command, MakeWithFlags, ioas.Id, "new device");
        (_mockId, DeviceId) = (((uint*)command)[4], ((uint*)command)[6]);
    }

    /// <summary>The number by which the iommufd knows it.</summary>
    internal uint DeviceId { get; }

    /// <summary>Moves the device to another page table or address space.</summary>
    internal void Attach(uint pageTableId)
    {
        var command = stackalloc ulong[Words];
        ((uint*)command)[4] = pageTableId;
        Call(command, Replace, _mockId, $"page table {pageTableId}");
    }

    /// <summary>Sets the dirty bit of a page, as a device does that writes there. Not to be called beside a report of the same page table.</summary>
    /// <returns>Whether a page is mapped there.</returns>
    /// <exception cref="KernelCallException">The page table is not tracked.</exception>
    internal bool Write(Hwpt hwpt, Iova address)
    {
        ulong first = 1;
        var command = stackalloc ulong[Words];
        (command[3], command[4], command[5], command[6]) = (address.Value & ~(PageBytes - 1), PageBytes, PageBytes, (ulong)(&first));
        Call(command, SetDirty, hwpt.Id, $"dirty bit of {address}");
        return command[7] > 0;
    }

    /// <summary>Detaches and destroys it.</summary>
    internal void Destroy() => _iommufd.Destroy(_mockId);

    private void Call(ulong* command, ulong operation, uint id, string subject)
    {
        command[0] = (operation << 32) | (Words * sizeof(ulong));
        command[1] = id;
        VfioCalls.Call(_iommufd.Handle, Request, (nint)command, subject);
    }
}
