using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Devices;

/// <summary>The kernel's mock device on a page table of its own with dirty tracking, and memory that is mapped for it.</summary>
internal sealed class MockDevice : IDisposable
{
    private readonly MockIommu _mock;
    private readonly GuestMemoryFile _memory;

    /// <summary>Makes it, with each of <paramref name="mappings"/> mapped.</summary>
    /// <param name="flags">Of <see cref="MockIommu"/>.</param>
    /// <param name="hugePageSize">What the memory is made of; null for ordinary pages.</param>
    /// <param name="mappings">What is mapped, one after the other in memory.</param>
    public MockDevice(uint flags, PageSize? hugePageSize, params IovaRange[] mappings)
    {
        LabContext.Require(Iommufd.TryOpen(out var iommufd, out var reason), reason ?? "");
        Iommufd = iommufd!;
        ulong total = 0;
        foreach (var mapping in mappings)
        {
            total += mapping.LengthBytes;
        }

        _memory = GuestMemoryFile.Create([(new(0), total)], hugePageSize);
        Ioas = Iommufd.CreateIoas();
        _mock = new MockIommu(Iommufd, Ioas, flags);
        if ((flags & MockIommu.WithoutDirtyBits) == 0)
        {
            Hwpt = Iommufd.CreateHwpt(_mock.DeviceId, Ioas, dirtyTracking: true);
            _mock.Attach(Hwpt.Id);
        }

        ulong offset = 0;
        foreach (var mapping in mappings)
        {
            Ioas.Map(mapping, new(_memory.Memory.Regions[0].Host.Value + (nuint)offset), MapAccess.ReadWrite);
            offset += mapping.LengthBytes;
        }
    }

    /// <summary>The iommufd.</summary>
    public Iommufd Iommufd { get; }

    /// <summary>The address space.</summary>
    public Ioas Ioas { get; }

    /// <summary>The page table, or null where the device's IOMMU has no dirty bits.</summary>
    public Hwpt? Hwpt { get; }

    /// <summary>The device's number.</summary>
    public uint DeviceId => _mock.DeviceId;

    /// <summary>The device writes there.</summary>
    public void Write(Iova address) => LabContext.Require(_mock.Write(Hwpt!, address), $"{address} is not mapped for the mock device");

    /// <inheritdoc/>
    public void Dispose()
    {
        _mock.Destroy();
        Hwpt?.Dispose();
        Ioas.Dispose();
        Iommufd.Dispose();
        _memory.Dispose();
    }
}
