using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Machine.Iommu;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>The state of virtual IOMMUs, as it travels and as somebody may have altered it.</summary>
public sealed class IommuStateTests
{
    private const int LengthAt = 16;
    private const int FirstMappingAt = 40;
    private static readonly ulong Base = DeviceIommu.Aperture.Start.Value;

    [Fact]
    public void What_is_saved_is_read()
    {
        IommuState[] states = [new(1, 2, 3, [Mapping(0, 5, 2, true), Mapping(2, 5, 1, false)]), new(0, 0, 0, [])];
        var bytes = Save(states);
        var read = IommuStateFormat.Read([.. bytes, 1, 2, 3], 2, out var length);
        Assert.Equal(bytes.Length, length);
        Assert.Equal(states[0].Mappings, read[0].Mappings);
        Assert.Equal((1u, 2u, 3u), (read[0].IovaPage, read[0].MemoryPage, read[0].Status));
        Assert.Empty(read[1].Mappings);
    }

    [Fact]
    public void Any_altered_or_missing_byte_is_refused()
    {
        var bytes = Save([new(1, 2, 3, [Mapping(0, 5, 2, true)])]);
        for (var at = 0; at < bytes.Length; at++)
        {
            var altered = bytes.ToArray();
            altered[at] ^= 0x40;
            Assert.Throws<InvalidDataException>(() => IommuStateFormat.Read(altered, 1, out _));
            Assert.Throws<InvalidDataException>(() => IommuStateFormat.Read(bytes.AsSpan(0, at), 1, out _));
        }
    }

    [Theory]
    [InlineData("version", 8, 2u)]
    [InlineData("number of devices", 12, 2u)]
    [InlineData("its length", LengthAt, 31u)]
    [InlineData("its length", LengthAt, 1000u)]
    [InlineData("status", 32, 7u)]
    [InlineData("mappings", 36, 16385u)]
    [InlineData("mappings", 36, 3u)]
    [InlineData("bytes too many", 36, 1u)]
    [InlineData("outside of the aperture", FirstMappingAt, 1u)]
    [InlineData("outside of the aperture", FirstMappingAt + 8, 0x7fffffffu)]
    [InlineData("no page", FirstMappingAt + 8, 0u)]
    [InlineData("overlaps", FirstMappingAt + 8, 9u)]
    public void A_state_that_says_what_can_not_be_is_refused_for_that(string reason, int at, uint value)
    {
        var bytes = Save([new(1, 2, 3, [Mapping(0, 5, 2, true), Mapping(8, 9, 2, true)])]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - 8), XxHash3.HashToUInt64(bytes.AsSpan(0, bytes.Length - 8)));
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => IommuStateFormat.Read(bytes, 1, out _)).Message, StringComparison.Ordinal);
    }

    private static byte[] Save(IommuState[] states)
    {
        var writer = new ArrayBufferWriter<byte>();
        IommuStateFormat.Save(states, writer);
        return writer.WrittenSpan.ToArray();
    }

    private static AddressSpaceMapping Mapping(ulong iovaPage, ulong memoryPage, ulong pages, bool isWritable) =>
        new(new(new(Base + (iovaPage << PageSize.Size4K.Shift)), pages << PageSize.Size4K.Shift), new(memoryPage << PageSize.Size4K.Shift), isWritable);
}
