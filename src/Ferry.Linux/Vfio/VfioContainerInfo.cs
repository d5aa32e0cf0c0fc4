using Ferry.Memory;

namespace Ferry.Linux.Vfio;

/// <summary>What a type1 container can do. Source: linux/vfio.h, VFIO_IOMMU_GET_INFO and its capabilities.</summary>
/// <param name="PageSizes">The page sizes of the IOMMU, one bit each.</param>
/// <param name="Ranges">What can be mapped; empty where the kernel doesn't say.</param>
/// <param name="DirtyPageSizes">The page sizes that dirty tracking reports at, one bit each; 0 where there is no dirty tracking.</param>
/// <param name="MaxDirtyBitmapBytes">The largest bitmap that one report may fill; 0 where there is no dirty tracking.</param>
/// <param name="AvailableMappings">How many more mappings it may have; null where the kernel doesn't say.</param>
public sealed record VfioContainerInfo(
    ulong PageSizes, IReadOnlyList<IovaRange> Ranges, ulong DirtyPageSizes, ulong MaxDirtyBitmapBytes, uint? AvailableMappings)
{
    internal const uint HasPageSizes = 1;
    internal const uint HasCapabilities = 2;
    internal const ushort RangesId = 1;
    internal const ushort MigrationId = 2;
    internal const ushort AvailableId = 3;

    /// <summary>Reads the bytes that the kernel gave.</summary>
    internal static VfioContainerInfo Parse(ReadOnlySpan<byte> information)
    {
        var head = System.Runtime.InteropServices.MemoryMarshal.Read<VfioType1InfoHead>(information);
        var first = (head.Flags & HasCapabilities) != 0 ? head.CapOffset : 0;
        var ranges = new List<IovaRange>();
        if (VfioCapabilities.TryFind(information, first, RangesId, out var found) && TryRead(found, out VfioIovaRangesHead list))
        {
            foreach (var item in VfioCapabilities.Items<VfioIovaRangesHead, VfioIovaRangeItem>(found, list.NrIovas))
            {
                // All of the 64-bit space has no length that 64 bits can hold; the last page is not worth an error.
                if (item.End >= item.Start)
                {
                    ranges.Add(new(new(item.Start), item.End - item.Start == ulong.MaxValue ? ulong.MaxValue : item.End - item.Start + 1));
                }
            }
        }

        var migration = default(VfioMigrationCapability);
        if (VfioCapabilities.TryFind(information, first, MigrationId, out found))
        {
            TryRead(found, out migration);
        }

        uint? available = VfioCapabilities.TryFind(information, first, AvailableId, out found) && TryRead(found, out VfioDmaAvailable count) ? count.Avail : null;
        return new((head.Flags & HasPageSizes) != 0 ? head.IovaPgsizes : 0, ranges, migration.PgsizeBitmap, migration.MaxDirtyBitmapSize, available);
    }

    private static bool TryRead<T>(ReadOnlySpan<byte> bytes, out T value)
        where T : unmanaged => System.Runtime.InteropServices.MemoryMarshal.TryRead(bytes, out value);
}
