using System.Buffers.Binary;
using CsCheck;
using Ferry.Linux.Memory;
using Ferry.Machine.Programs;
using Ferry.Memory;
using Xunit;

namespace Ferry.Machine.Tests.Programs;

/// <summary>The page tables that the program finds, walked as a processor does.</summary>
public sealed class LedgerImageTests
{
    [Theory]
    [InlineData(MachineOptions.MinMemoryBytes)]
    [InlineData(GuestLayout.HoleStart + (2UL << 20))]
    [InlineData(600UL << 30)]
    [InlineData(MachineOptions.MaxMemoryBytes)]
    public void Every_address_of_memory_and_of_the_hole_is_mapped_to_itself(ulong memoryBytes)
    {
        var options = new MachineOptions { MemoryBytes = memoryBytes, WorkingSetBytes = 1 << 20 };
        Assert.Empty(options.Validate());
        var layout = LedgerLayout.TryCreate(options, [], out _)!;
        using var file = GuestMemoryFile.Create(GuestLayout.Of(memoryBytes, PageSize.Size2M));
        LedgerImage.Write(file.Memory, options, layout, [0xf4], []);
        var end = Math.Max(GuestLayout.HoleEnd, file.Memory.Regions[^1].Last.Value + 1);
        Assert.Equal(end - 1, Walk(file.Memory, end - 1));
        Assert.Equal(0UL, Walk(file.Memory, 0));
        Gen.ULong[0, end - 1].Sample(address => Walk(file.Memory, address) == address, iter: 2000, writeLine: text => TestContext.Current.TestOutputHelper?.WriteLine(text));

        // The tables lie between the control blocks and the NICs' memory.
        Assert.All(file.FindPopulated().Where(range => range.Start.Value is >= LedgerLayout.PageTables and < GuestLayout.HoleEnd), range => Assert.True(range.Last.Value < 16 << 20));
    }

    private static ulong Walk(GuestMemory memory, ulong address)
    {
        var table = LedgerLayout.PageTables;
        for (var shift = 39; ; shift -= 9)
        {
            var entry = BinaryPrimitives.ReadUInt64LittleEndian(memory.GetSpan(new(table + (((address >> shift) & 511) * 8)), 8));
            Assert.Equal(0x23UL, entry & 0x3f);
            if (shift == 21)
            {
                Assert.Equal(0xc0UL, entry & 0xc0);
                return (entry & ~0x1f_ffffUL) | (address & 0x1f_ffff);
            }

            table = entry & ~0xfffUL;
        }
    }
}
