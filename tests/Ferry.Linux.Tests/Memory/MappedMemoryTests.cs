using Ferry.Linux.Memory;
using Xunit;

namespace Ferry.Linux.Tests.Memory;

public sealed class MappedMemoryTests
{
    private const MemoryProtection ReadWrite = MemoryProtection.Read | MemoryProtection.Write;

    [Fact]
    public void Two_mappings_of_one_file_show_the_same_bytes()
    {
        using var file = MemoryFile.Create("test", 64 << 10);
        using var all = MappedMemory.MapShared(file.Handle, 0, 64 << 10, ReadWrite);
        using var part = MappedMemory.MapShared(file.Handle, 4096, 4096, MemoryProtection.Read);
        all.GetSpan(4096 + 17, 1)[0] = 5;
        Assert.Equal(5, part.GetSpan(17, 1)[0]);
        Assert.NotEqual(all.Address, part.Address);
    }

    [Theory]
    [InlineData(0UL, 8193)]
    [InlineData(8192UL, 1)]
    [InlineData(8193UL, 0)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(4096UL, int.MaxValue)]
    [InlineData(0UL, -1)]
    public void Bytes_beyond_the_mapping_are_refused(ulong offset, int length)
    {
        using var memory = MappedMemory.MapAnonymous(8192, ReadWrite);
        Assert.Throws<ArgumentOutOfRangeException>(() => memory.GetSpan(offset, length).Length);
        if (length >= 0)
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Populate(offset, (ulong)length));
        }
    }

    [Fact]
    public void What_is_unmapped_can_not_be_reached_any_more()
    {
        var memory = MappedMemory.MapAnonymous(4096, ReadWrite);
        memory.Dispose();
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Address);
        Assert.Throws<ObjectDisposedException>(() => memory.GetSpan(0, 1).Length);
    }

    [Fact]
    public void Memory_that_can_not_be_written_is_not_populated_and_the_process_lives()
    {
        using var file = MemoryFile.Create("test", 64 << 10);
        using var memory = MappedMemory.MapShared(file.Handle, 0, 64 << 10, MemoryProtection.Read);
        Assert.Throws<KernelCallException>(() => memory.Populate(0, 4096));
        using var other = MappedMemory.MapAnonymous(4096, ReadWrite);
        other.Protect(MemoryProtection.Read);
        Assert.Throws<KernelCallException>(() => other.Populate(0, 4096));
        other.Protect(ReadWrite);
        other.Populate(0, 4096);
    }

    [Fact]
    public void A_mapping_of_nothing_or_from_the_middle_of_a_page_is_refused_with_its_values()
    {
        using var file = MemoryFile.Create("test", 64 << 10);
        Assert.Contains("from 17", Assert.Throws<KernelCallException>(() => MappedMemory.MapShared(file.Handle, 17, 4096, ReadWrite)).Message);
        Assert.Throws<KernelCallException>(() => MappedMemory.MapShared(file.Handle, 0, 0, ReadWrite));
    }

    [Fact]
    public void Whoever_gets_the_descriptor_can_not_seal_the_memory_against_its_owner()
    {
        using var file = MemoryFile.Create("test", 64 << 10);
        const int futureWrite = 0x10;
        Assert.Equal(-1, MemoryCalls.Control(file.Handle, MemoryCalls.AddSeals, futureWrite));
        using var again = MappedMemory.MapShared(file.Handle, 0, 64 << 10, ReadWrite);
    }

    [Fact]
    public void Code_runs_from_executable_memory_and_gets_its_argument()
    {
        Assert.SkipUnless(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.X64, "the code is x86-64");
        // ret; add dword [rdi], 5; ret
        using var code = new ExecutableMemory([0xc3, 0x83, 0x07, 0x05, 0xc3]);
        using var context = MappedMemory.MapAnonymous(4096, ReadWrite);
        code.Call(0, context.Address);
        code.Call(1, context.Address);
        code.Call(1, context.Address);
        Assert.Equal(10, context.GetSpan(0, 1)[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => code.Call(4096, context.Address));
    }
}
