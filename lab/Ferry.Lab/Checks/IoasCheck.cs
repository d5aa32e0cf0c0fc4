using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>An address space of iommufd is made, maps and unmaps memory, and is destroyed.</summary>
internal sealed class IoasCheck : ILabCheck
{
    private const ulong MappedBytes = 1 << 20;

    /// <inheritdoc/>
    public string Name => "iommufd-ioas";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        LabContext.Require(Iommufd.TryOpen(out var opened, out var reason), reason ?? "");
        using var iommufd = opened!;
        using var memory = MappedMemory.MapAnonymous(MappedBytes, MemoryProtection.Read | MemoryProtection.Write);
        uint first;
        using (var ioas = iommufd.CreateIoas())
        {
            first = ioas.Id;
            LabContext.Require(ioas.GetRanges().Count > 0, "no address can be mapped");
            ioas.Map(new(new(0), MappedBytes), memory.Address, MapAccess.ReadWrite);
            var unmapped = ioas.Unmap(new(new(0), MappedBytes));
            LabContext.Require(unmapped == MappedBytes, $"{unmapped} of {MappedBytes} bytes were unmapped");
        }

        using var next = iommufd.CreateIoas();
        LabContext.Require(next.Id == first, $"address space {first} was destroyed, and its number is not free: the next is {next.Id}");
        return $"address space {first} made, mapped, unmapped, destroyed, made again";
    }
}
