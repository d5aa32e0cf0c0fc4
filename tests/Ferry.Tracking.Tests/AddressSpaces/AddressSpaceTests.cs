using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Xunit;

namespace Ferry.Tracking.Tests.AddressSpaces;

public sealed class AddressSpaceTests
{
    private const ulong Base = 1UL << 40;
    private static readonly IovaRange Aperture = new(new(Base), 64 << 12);

    [Fact]
    public void What_can_not_be_mapped_is_refused_and_changes_nothing()
    {
        var space = new AddressSpace(Aperture, 3);
        Assert.True(space.TryAdd(Mapping(4, 100, 4)));
        Assert.False(space.TryAdd(Mapping(7, 200, 1)));
        Assert.False(space.TryAdd(Mapping(3, 200, 2)));
        Assert.False(space.TryAdd(Mapping(0, 200, 64)));
        Assert.False(space.TryAdd(Mapping(63, 200, 2)));
        Assert.False(space.TryAdd(new(new(new(Base - 4096), 4096), new(0), true)));
        Assert.False(space.TryAdd(new(new(new(Base), 4097), new(0), true)));
        Assert.False(space.TryAdd(new(new(new(Base), 4096), new(1), true)));
        Assert.False(space.TryAdd(new(new(new(Base), 8192), new(ulong.MaxValue - 4095), true)));
        Assert.Equal([Mapping(4, 100, 4)], space.GetMappings());
        Assert.True(space.TryAdd(Mapping(8, 100, 1)));
        Assert.True(space.TryAdd(Mapping(3, 100, 1)));
        Assert.False(space.TryAdd(Mapping(20, 100, 1)));
        Assert.Equal([3UL, 4, 8], space.GetMappings().Select(mapping => (mapping.Range.Start.Value - Base) >> 12));
    }

    [Fact]
    public void Only_what_was_added_can_be_removed()
    {
        var space = new AddressSpace(Aperture, 3);
        Assert.True(space.TryAdd(Mapping(4, 100, 4)));
        Assert.False(space.TryRemove(Mapping(4, 100, 3).Range));
        Assert.False(space.TryRemove(Mapping(5, 100, 3).Range));
        Assert.False(space.TryRemove(Mapping(20, 100, 1).Range));
        Assert.True(space.TryRemove(Mapping(4, 100, 4).Range));
        Assert.Equal(0, space.Count);
        Assert.False(space.TryFind(new(Base + (4 << 12)), out _));
    }

    [Fact]
    public void A_page_of_several_mappings_stands_for_each_of_their_parts_and_for_nothing_between()
    {
        var space = new AddressSpace(Aperture, 8);
        Assert.True(space.TryAdd(Mapping(1, 100, 2)));
        Assert.True(space.TryAdd(Mapping(5, 40, 1)));
        Assert.True(space.TryAdd(Mapping(15, 7, 4)));
        using var written = new DirtyBitmap(Aperture, new PageSize(65536));
        written.SetPages(0, 1);
        using var memory = new DirtyBitmap(new(new(0), 128 << 12), PageSize.Size4K);
        space.Translate(written, [memory]);
        Assert.Equal([7UL, 40, 100, 101], Pages(memory));
    }

    [Fact]
    public void Two_addresses_of_one_page_are_one_page()
    {
        var space = new AddressSpace(Aperture, 8);
        Assert.True(space.TryAdd(Mapping(1, 9, 1)));
        Assert.True(space.TryAdd(Mapping(2, 9, 1)));
        using var written = new DirtyBitmap(Aperture, PageSize.Size4K);
        written.SetPages(2, 1);
        using var memory = new DirtyBitmap(new(new(0), 128 << 12), PageSize.Size4K);
        space.Translate(written, [memory]);
        Assert.Equal([9UL], Pages(memory));
    }

    [Fact]
    public void What_is_mapped_to_be_read_is_not_among_what_may_be_written()
    {
        var space = new AddressSpace(Aperture, 8);
        Assert.True(space.TryAdd(Mapping(1, 9, 1) with { IsWritable = false }));
        Assert.True(space.TryAdd(Mapping(2, 10, 1)));
        using var memory = new DirtyBitmap(new(new(0), 128 << 12), PageSize.Size4K);
        space.TranslateAll([memory]);
        Assert.Equal([10UL], Pages(memory));
    }

    internal static IEnumerable<ulong> Pages(DirtyBitmap bitmap)
    {
        var pages = new List<ulong>();
        foreach (var (first, count) in bitmap.Runs())
        {
            for (ulong i = 0; i < count; i++)
            {
                pages.Add(first + i);
            }
        }

        return pages;
    }

    private static AddressSpaceMapping Mapping(ulong iovaPage, ulong memoryPage, ulong pages) =>
        new(new(new(Base + (iovaPage << 12)), pages << 12), new(memoryPage << 12), true);
}
