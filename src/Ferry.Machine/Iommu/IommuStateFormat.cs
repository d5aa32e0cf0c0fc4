using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.Memory;
using Ferry.Tracking.AddressSpaces;

namespace Ferry.Machine.Iommu;

/// <summary>How the state of a machine's virtual IOMMUs travels: before that of its vCPUs, where it has any.</summary>
/// <remarks>
/// All numbers are little-endian.
/// <code>
/// magic u64 | version u32 | devices u32 | length of all of it in bytes u32 | reserved u32
/// for each device: IOVA_PAGE u32 | MEMORY_PAGE u32 | STATUS u32 | mappings u32
///                  for each mapping: IOVA page u32 | memory page u32 | pages u32, and 2^31 where it is read-only
/// XxHash3 of all before it, u64
/// </code>
/// All of it is checked before any of it is used.
/// </remarks>
internal static class IommuStateFormat
{
    public const uint Version = 1;
    private const ulong Magic = 0x554D4D4F49525246;
    private const int HeaderBytes = 24;
    private const int DeviceBytes = 16;
    private const int MappingBytes = 12;
    private const int HashBytes = 8;
    private const uint ReadOnly = 1u << 31;

    /// <summary>Appends the states of all devices that have one.</summary>
    public static void Save(IReadOnlyList<IommuState> devices, IBufferWriter<byte> writer)
    {
        var length = HeaderBytes + HashBytes + devices.Sum(device => DeviceBytes + (device.Mappings.Length * MappingBytes));
        var bytes = writer.GetSpan(length)[..length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        var at = 8;
        Put(bytes, ref at, Version);
        Put(bytes, ref at, (uint)devices.Count);
        Put(bytes, ref at, (uint)length);
        Put(bytes, ref at, 0);
        foreach (var device in devices)
        {
            Put(bytes, ref at, device.IovaPage);
            Put(bytes, ref at, device.MemoryPage);
            Put(bytes, ref at, device.Status);
            Put(bytes, ref at, (uint)device.Mappings.Length);
            foreach (var mapping in device.Mappings)
            {
                Put(bytes, ref at, PageOf(mapping.Range.Start.Value));
                Put(bytes, ref at, PageOf(mapping.Start.Value));
                Put(bytes, ref at, PageOf(mapping.Range.LengthBytes) | (mapping.IsWritable ? 0 : ReadOnly));
            }
        }

        BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], XxHash3.HashToUInt64(bytes[..at]));
        writer.Advance(length);
    }

    /// <summary>Reads the states at the beginning of <paramref name="state"/>.</summary>
    /// <param name="state">They, and whatever comes after.</param>
    /// <param name="deviceCount">How many there have to be.</param>
    /// <param name="lengthBytes">How long they are.</param>
    /// <exception cref="InvalidDataException">They are not such states.</exception>
    public static IommuState[] Read(ReadOnlySpan<byte> state, int deviceCount, out int lengthBytes)
    {
        Expect(state.Length >= HeaderBytes + HashBytes, "cut", (ulong)state.Length, HeaderBytes + HashBytes);
        Same("magic", BinaryPrimitives.ReadUInt64LittleEndian(state), Magic);
        var at = 8;
        Same("version", Take(state, ref at), Version);
        Same("number of devices", Take(state, ref at), (uint)deviceCount);
        var length = Take(state, ref at);
        Expect(length >= HeaderBytes + HashBytes && length <= (uint)state.Length, "its length", length, (ulong)state.Length);
        lengthBytes = (int)length;
        Take(state, ref at);
        state = state[..lengthBytes];
        Same("hash", BinaryPrimitives.ReadUInt64LittleEndian(state[^HashBytes..]), XxHash3.HashToUInt64(state[..^HashBytes]));
        state = state[..^HashBytes];
        var devices = new IommuState[deviceCount];
        for (var i = 0; i < deviceCount; i++)
        {
            devices[i] = ReadDevice(state, ref at);
        }

        Expect(at == state.Length, "bytes too many", (ulong)at, (ulong)state.Length);
        return devices;
    }

    private static IommuState ReadDevice(ReadOnlySpan<byte> state, ref int at)
    {
        Expect(state.Length - at >= DeviceBytes, "cut", (ulong)state.Length, (ulong)(at + DeviceBytes));
        var (iovaPage, memoryPage, status, count) = (Take(state, ref at), Take(state, ref at), Take(state, ref at), Take(state, ref at));
        Expect(status <= (uint)IommuStatus.DeviceFailed, "status", status, (uint)IommuStatus.DeviceFailed);
        Expect(count <= DeviceIommu.MaxMappings && count <= (uint)((state.Length - at) / MappingBytes), "mappings", count, DeviceIommu.MaxMappings);
        var mappings = new AddressSpaceMapping[count];
        for (var i = 0; i < mappings.Length; i++)
        {
            var (iova, memory, pages) = (Take(state, ref at), Take(state, ref at), Take(state, ref at));
            var isWritable = (pages & ReadOnly) == 0;
            pages &= ~ReadOnly;
            Expect(pages > 0, "a mapping of no page", iova, 1);
            var range = new IovaRange(new((ulong)iova << PageSize.Size4K.Shift), (ulong)pages << PageSize.Size4K.Shift);
            Expect(DeviceIommu.Aperture.Contains(range), "a mapping outside of the aperture", iova, PageOf(DeviceIommu.Aperture.Start.Value));
            Expect(i == 0 || mappings[i - 1].Range.Last < range.Start, "a mapping that overlaps, or is not in order", iova, 0);
            mappings[i] = new(range, new((ulong)memory << PageSize.Size4K.Shift), isWritable);
        }

        return new(iovaPage, memoryPage, status, mappings);
    }

    private static uint PageOf(ulong bytes) => (uint)(bytes >> PageSize.Size4K.Shift);

    private static void Put(Span<byte> bytes, ref int at, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);
        at += sizeof(uint);
    }

    private static uint Take(ReadOnlySpan<byte> bytes, ref int at)
    {
        at += sizeof(uint);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at - sizeof(uint))..]);
    }

    private static void Same(string what, ulong found, ulong expected) => Expect(found == expected, what, found, expected);

    private static void Expect(bool holds, string what, ulong found, ulong limit)
    {
        if (!holds)
        {
            throw new InvalidDataException($"IOMMU state: {what}: 0x{found:x}, against 0x{limit:x}.");
        }
    }
}
