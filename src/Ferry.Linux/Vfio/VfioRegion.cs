namespace Ferry.Linux.Vfio;

/// <summary>A region of a device: a BAR, configuration space, or one of the device's own. Source: linux/vfio.h, struct vfio_region_info.</summary>
/// <param name="Index">Its index; for PCI, BARs are 0 to 5 and configuration space is 7.</param>
/// <param name="LengthBytes">Its length; 0 where the device doesn't have it.</param>
/// <param name="CanRead">Whether it can be read.</param>
/// <param name="CanWrite">Whether it can be written.</param>
/// <param name="Mappable">Which parts can be mapped, from the region's start; empty where none can.</param>
/// <param name="FileOffsetBytes">Where it lies in the device's descriptor.</param>
public sealed record VfioRegion(
    uint Index, ulong LengthBytes, bool CanRead, bool CanWrite, IReadOnlyList<(ulong OffsetBytes, ulong LengthBytes)> Mappable, ulong FileOffsetBytes)
{
    /// <summary>The index of a PCI device's configuration space.</summary>
    public const uint PciConfiguration = 7;

    internal const uint FlagRead = 1;
    internal const uint FlagWrite = 2;
    internal const uint FlagMap = 4;
    internal const uint FlagCapabilities = 8;
    internal const ushort SparseId = 1;

    /// <summary>Reads the bytes that the kernel gave.</summary>
    internal static VfioRegion Parse(ReadOnlySpan<byte> information)
    {
        var head = System.Runtime.InteropServices.MemoryMarshal.Read<VfioRegionInfoHead>(information);
        var mappable = new List<(ulong, ulong)>();
        if ((head.Flags & FlagMap) != 0 && head.Size > 0)
        {
            var first = (head.Flags & FlagCapabilities) != 0 ? head.CapOffset : 0;
            if (VfioCapabilities.TryFind(information, first, SparseId, out var found)
                && System.Runtime.InteropServices.MemoryMarshal.TryRead<VfioSparseHead>(found, out var list))
            {
                foreach (var area in VfioCapabilities.Items<VfioSparseHead, VfioSparseArea>(found, list.NrAreas))
                {
                    if (area.Size > 0 && area.Offset < head.Size && area.Size <= head.Size - area.Offset)
                    {
                        mappable.Add((area.Offset, area.Size));
                    }
                }
            }
            else
            {
                mappable.Add((0, head.Size));
            }
        }

        return new(head.Index, head.Size, (head.Flags & FlagRead) != 0, (head.Flags & FlagWrite) != 0, mappable, head.Offset);
    }
}
