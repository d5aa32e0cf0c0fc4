using System.Buffers.Binary;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Linux.Tests.Vfio;

public sealed class VfioInformationTests
{
    [Fact]
    public void A_regions_mappable_parts_are_found_behind_other_capabilities()
    {
        var region = VfioRegion.Parse(Region(flags: 15, size: 0x4000, Capability(9, 48, 0, 0), Capability(1, 0, 2, 0, 0, 0x1000, 0x2000, 0x1000)));
        Assert.Equal([(0UL, 0x1000UL), (0x2000UL, 0x1000UL)], region.Mappable);
        Assert.True(region.CanRead && region.CanWrite);
    }

    [Fact]
    public void A_region_without_a_list_is_mappable_as_a_whole_or_not_at_all()
    {
        Assert.Equal([(0UL, 0x4000UL)], VfioRegion.Parse(Region(flags: 7, size: 0x4000)).Mappable);
        Assert.Empty(VfioRegion.Parse(Region(flags: 3, size: 0x4000)).Mappable);
        Assert.Empty(VfioRegion.Parse(Region(flags: 7, size: 0)).Mappable);
    }

    [Fact]
    public void Parts_outside_of_the_region_and_items_that_are_not_there_are_left_out()
    {
        var outside = VfioRegion.Parse(Region(flags: 15, size: 0x4000, Capability(1, 0, 3, 0, 0x3000, 0x1001, ulong.MaxValue, 2, 0x1000, 0x1000)));
        Assert.Equal([(0x1000UL, 0x1000UL)], outside.Mappable);
        var fewer = VfioRegion.Parse(Region(flags: 15, size: 0x4000, Capability(1, 0, uint.MaxValue, 0, 0x1000, 0x1000)));
        Assert.Equal([(0x1000UL, 0x1000UL)], fewer.Mappable);
    }

    [Fact]
    public void A_chain_that_leads_in_a_circle_or_out_ends()
    {
        var circle = Region(flags: 15, size: 0x4000, Capability(9, 32, 0, 0));
        Assert.False(VfioCapabilities.TryFind(circle, 32, 1, out _));
        Assert.False(VfioCapabilities.TryFind(circle, (uint)circle.Length - 7, 9, out _));
        Assert.False(VfioCapabilities.TryFind(circle, uint.MaxValue, 9, out _));
        Assert.True(VfioCapabilities.TryFind(circle, 32, 9, out var found));
        Assert.Equal(16, found.Length);
    }

    [Fact]
    public void A_containers_page_sizes_ranges_and_limits_are_read()
    {
        byte[] head = new byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(8), 0x40201000);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(16), 24);
        var info = VfioContainerInfo.Parse([.. head, .. Capability(2, 56, 0, 0, 0x1000, 256 << 20), .. Capability(3, 72, 65535, 0), .. Capability(1, 0, 2, 0, 0, 0xfff, 0x10000, ulong.MaxValue)]);
        Assert.Equal((0x40201000UL, 0x1000UL, 256UL << 20, 65535U), (info.PageSizes, info.DirtyPageSizes, info.MaxDirtyBitmapBytes, info.AvailableMappings));
        Assert.Equal([new(new(0), 0x1000), new(new(0x10000), ulong.MaxValue - 0xffff)], info.Ranges);
        var bare = VfioContainerInfo.Parse(new byte[24]);
        Assert.Equal((0UL, 0UL, null), (bare.PageSizes, bare.DirtyPageSizes, bare.AvailableMappings));
    }

    [Fact]
    public void What_is_mapped_is_kept_in_order_and_can_not_be_parted()
    {
        var mappings = new DmaMappings();
        mappings.Add(new(new(0x4000), 0x2000));
        mappings.Add(new(new(0x1000), 0x1000));
        mappings.Add(new(new(0x9000), 0x1000));
        var before = mappings.Ranges;
        Assert.Equal([0x1000UL, 0x4000, 0x9000], before.Select(range => range.Start.Value));
        Assert.True(mappings.Splits(new(new(0x5000), 0x4000)));
        Assert.False(mappings.Splits(new(new(0x4000), 0x3000)));
        mappings.Remove(new(new(0x4000), 0x3000));
        Assert.Equal([0x1000UL, 0x9000], mappings.Ranges.Select(range => range.Start.Value));
        Assert.Equal(3, before.Count);
    }

    private static byte[] Region(uint flags, ulong size, params byte[][] capabilities)
    {
        var head = new byte[32];
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(12), 32);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(16), size);
        return [.. head, .. capabilities.SelectMany(capability => capability)];
    }

    private static byte[] Capability(ushort id, uint next, uint count, uint reserved, params ulong[] items)
    {
        var bytes = new byte[16 + (items.Length * 8)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, id);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4), next);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(12), reserved);
        for (var i = 0; i < items.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16 + (i * 8)), items[i]);
        }

        return bytes;
    }
}
