using Ferry.Linux;
using Ferry.Linux.Iommufd;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>What an address space of iommufd refuses and why, mapping of a file, and the address space that VFIO's older interface uses.</summary>
internal sealed class IoasMappingsCheck : ILabCheck
{
    private static readonly IovaRange Range = new(new(1 << 30), 1 << 20);

    /// <inheritdoc/>
    public string Name => "iommufd-mappings";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        LabContext.Require(Iommufd.TryOpen(out var opened, out var reason), reason ?? "");
        using var iommufd = opened!;
        using var ioas = iommufd.CreateIoas();
        using var file = MemoryFile.Create("lab", Range.LengthBytes);
        using var memory = MappedMemory.MapShared(file.Handle, 0, Range.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
        ioas.AllowLargerPages(allowed: false);
        ioas.Map(Range, memory.Address, MapAccess.ReadWrite);
        Refused(() => ioas.Map(Range, memory.Address, MapAccess.Read), "an address of it is mapped already");
        Refused(() => ioas.Map(new(new(2UL << 30), 4096), new(memory.Address.Value + 1), MapAccess.Read), "not page aligned");
        Refused(() => ioas.Unmap(new(Range.Start, 4096)), "parts a mapping");
        LabContext.Require(ioas.Mappings.SequenceEqual([Range]), "the list of mappings is wrong");
        LabContext.Require(ioas.Unmap(Range) == Range.LengthBytes && ioas.Mappings.Count == 0, "the mapping was not unmapped as a whole");
        var fromFile = ioas.TryMapFile(Range, file.Handle, 0, MapAccess.ReadWrite);
        LabContext.Require(ioas.Mappings.Count == (fromFile ? 1 : 0), "the list of mappings is wrong after a file");
        CheckCompatible(iommufd, ioas);
        return $"refusals say why; {(fromFile ? "a file was mapped" : "this kernel maps no files")}; VFIO's older interface uses the address space it is given";
    }

    private static void CheckCompatible(Iommufd iommufd, Ioas ioas)
    {
        LabContext.Require(iommufd.GetCompatibleIoas() is null, "VFIO's older interface has an address space from the start");
        iommufd.SetCompatibleIoas(ioas);
        LabContext.Require(iommufd.GetCompatibleIoas() == ioas.Id, "VFIO's older interface uses another address space");
        iommufd.ClearCompatibleIoas();
        LabContext.Require(iommufd.GetCompatibleIoas() is null, "VFIO's older interface still has an address space");
        LabContext.Require(VfioContainer.TryOpen(out var container, out var reason, compatible: true), reason ?? "");
        container!.Dispose();
    }

    private static void Refused(Action action, string why)
    {
        try
        {
            action();
        }
        catch (KernelCallException e)
        {
            LabContext.Require(e.Message.Contains(why, StringComparison.Ordinal), e.Message);
            return;
        }

        throw new CheckFailedException($"not refused: {why}");
    }
}
