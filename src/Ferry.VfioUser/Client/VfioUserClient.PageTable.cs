using Ferry.Memory;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Client;

public sealed partial class VfioUserClient
{
    private const int PageTableDescriptorCount = 2;

    /// <summary>How often memory was mapped or unmapped for the device.</summary>
    internal int MappingChanges => _mappings.Changes;

    /// <summary>Asks for the page table of the device's process. Ask only a device that says that it has it.</summary>
    internal SharedPageTable GetPageTable()
    {
        Span<byte> fields = stackalloc byte[FeatureHeader.Bytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader(PageTableFields.MostBytes, FeatureNumber.PageTable, FeatureHeader.Get).Write(ref writer);
        using var reply = Request(VfioUserCommand.Feature, fields, default, PageTableFields.MostBytes);
        var reader = reply.Reader;
        reader.Take(FeatureHeader.Bytes);
        var count = reader.UInt32();
        var kind = reader.UInt32();
        VfioUserProtocolException.Require(
            reply.Descriptors.Count == PageTableDescriptorCount, $"{Peer}: a page table needs two descriptors", (ulong)reply.Descriptors.Count, PageTableDescriptorCount);
        VfioUserProtocolException.Require(
            count <= PageTableFields.MostWindows && (uint)reader.RemainingBytes == count * PageTableFields.WindowBytes,
            $"{Peer}: the mappings are not all there", count, PageTableFields.MostWindows);
        var windows = new List<MappedWindow>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var (start, lengthBytes, address) = (reader.UInt64(), reader.UInt64(), reader.UInt64());
            VfioUserProtocolException.Require(
                lengthBytes > 0 && start + (lengthBytes - 1) >= start && address + (lengthBytes - 1) >= address
                && ((start | lengthBytes | address) & (PageSize.Size4K.Bytes - 1)) == 0, $"{Peer}: a mapping is empty, wraps or is not aligned", start, address);
            windows.Add(new(new(new(start), lengthBytes), new((nuint)address)));
        }

        return new(windows, new(reply.Descriptors.Take(0), reply.Descriptors.Take(1), (kind & PageTableFields.HoldsKernel) != 0));
    }
}
