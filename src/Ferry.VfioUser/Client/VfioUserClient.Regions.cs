using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Client;

public sealed partial class VfioUserClient
{
    private const int InfoBytes = 16;
    private const int AccessBytes = 16;
    private const int MultiWriteBytes = 24;
    private const int MaxRegionInfoBytes = 64 << 10;

    /// <summary>Asks what the device has.</summary>
    public VfioUserDeviceInfo GetInfo()
    {
        Span<byte> fields = stackalloc byte[InfoBytes];
        fields.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(fields, InfoBytes);
        using var reply = Request(VfioUserCommand.GetInfo, fields);
        var reader = reply.Reader;
        reader.UInt32();
        var flags = reader.UInt32();
        return new VfioUserDeviceInfo((int)Math.Min(reader.UInt32(), int.MaxValue), (int)Math.Min(reader.UInt32(), int.MaxValue), (flags & 1) != 0, (flags & 2) != 0);
    }

    /// <summary>Asks what region <paramref name="region"/> is.</summary>
    public VfioUserRegionInfo GetRegionInfo(int region)
    {
        var (info, _, file) = AskRegion(region);
        file?.Dispose();
        return info;
    }

    /// <summary>Maps the areas of a region that can be mapped; none where the device offers none.</summary>
    /// <exception cref="Linux.KernelCallException">The kernel refused to map.</exception>
    public VfioUserMappedRegion MapRegion(int region)
    {
        var (info, fileOffsetBytes, file) = AskRegion(region);
        using (file)
        {
            var protection = (info.Readable ? MemoryProtection.Read : 0) | (info.Writable ? MemoryProtection.Write : 0);
            var areas = new List<(ulong, MappedMemory)>();
            try
            {
                foreach (var (offsetBytes, sizeBytes) in file is null ? [] : info.MappableAreas)
                {
                    // Beyond the end of the file an access would be a signal.
                    var end = fileOffsetBytes + offsetBytes + sizeBytes;
                    VfioUserProtocolException.Require(
                        end >= fileOffsetBytes && end <= (ulong)RandomAccess.GetLength(file!), $"{Peer}: region {region}: an area ends beyond its file", end, (ulong)RandomAccess.GetLength(file!));
                    areas.Add((offsetBytes, MappedMemory.MapShared(file!, fileOffsetBytes + offsetBytes, sizeBytes, protection)));
                }
            }
            catch
            {
                new VfioUserMappedRegion(areas, isWritable: false, canShrink: true).Dispose();
                throw;
            }

            return new VfioUserMappedRegion(areas, info is { Readable: true, Writable: true }, file is null || !MemoryFile.IsSealedAgainstShrinking(file));
        }
    }

    /// <summary>Asks for the file of a region; null where the device shares none.</summary>
    public VfioUserSharedRegion? ShareRegion(int region)
    {
        var (info, fileOffsetBytes, file) = AskRegion(region);
        return file is null ? null : new VfioUserSharedRegion(file, fileOffsetBytes, info);
    }

    /// <summary>Reads from a region, in several requests where it is more than the device takes at once. Allocates nothing.</summary>
    public void RegionRead(int region, ulong offset, Span<byte> data)
    {
        Span<byte> fields = stackalloc byte[AccessBytes];
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxTransferBytes)];
            WriteAccess(fields, region, offset, part.Length);
            using var reply = Request(VfioUserCommand.RegionRead, fields, default, AccessBytes + part.Length);
            var reader = reply.Reader;
            reader.Take(AccessBytes);
            reader.Take((ulong)part.Length).CopyTo(part);
            offset += (ulong)part.Length;
            data = data[part.Length..];
        }
    }

    /// <summary>Writes to a region and waits until the device has done it. Allocates nothing.</summary>
    public void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        Span<byte> fields = stackalloc byte[AccessBytes];
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxTransferBytes)];
            WriteAccess(fields, region, offset, part.Length);
            Request(VfioUserCommand.RegionWrite, fields, part).Dispose();
            offset += (ulong)part.Length;
            data = data[part.Length..];
        }
    }

    /// <summary>Writes to a region without waiting: whether the device refuses is never known. Later requests are done after it. Allocates nothing.</summary>
    public void PostRegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(data.Length, MaxTransferBytes);
        Span<byte> fields = stackalloc byte[AccessBytes];
        WriteAccess(fields, region, offset, data.Length);
        _channel.Post(VfioUserCommand.RegionWrite, fields, data);
    }

    /// <summary>Does several small writes in one message, or one after the other where the server doesn't know that message.</summary>
    public void RegionWriteMultiple(ReadOnlySpan<VfioUserRegionWrite> writes)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        foreach (var write in writes)
        {
            if (write.CountBytes is < 1 or > sizeof(ulong))
            {
                throw new ArgumentOutOfRangeException(nameof(writes), write.CountBytes, "One write has 1 to 8 bytes.");
            }
        }

        if (!Server.WriteMultiple || sizeof(ulong) + ((long)writes.Length * MultiWriteBytes) > MaxTransferBytes)
        {
            foreach (var write in writes)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(value, write.Value);
                RegionWrite(write.Region, write.Offset, value[..write.CountBytes]);
            }

            return;
        }

        var payload = new byte[sizeof(ulong) + (writes.Length * MultiWriteBytes)];
        var writer = new PayloadWriter(payload);
        writer.UInt64((ulong)writes.Length);
        foreach (var write in writes)
        {
            writer.UInt64(write.Offset);
            writer.UInt32((uint)write.Region);
            writer.UInt32((uint)write.CountBytes);
            writer.UInt64(write.Value);
        }

        using var reply = Request(VfioUserCommand.RegionWriteMulti, default, payload);
        var done = reply.Reader.UInt64();
        VfioUserProtocolException.Require(done == (ulong)writes.Length, $"{Peer}: REGION_WRITE_MULTI did another number of writes", done, (ulong)writes.Length);
    }

    /// <summary>Resets the device.</summary>
    public void Reset() => Request(VfioUserCommand.Reset, default).Dispose();

    private static void WriteAccess(Span<byte> fields, int region, ulong offset, int count)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(fields, offset);
        BinaryPrimitives.WriteInt32LittleEndian(fields[8..], region);
        BinaryPrimitives.WriteInt32LittleEndian(fields[12..], count);
    }

    private (VfioUserRegionInfo Info, ulong FileOffsetBytes, SafeFileHandle? File) AskRegion(int region)
    {
        Span<byte> fields = stackalloc byte[RegionFlags.InfoBytes];
        fields.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(fields[8..], region);
        for (var argumentBytes = MessageChannel.SmallReplyBytes; ; argumentBytes = MaxRegionInfoBytes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(fields, argumentBytes);
            using var reply = Request(VfioUserCommand.GetRegionInfo, fields, default, argumentBytes);
            var reader = reply.Reader;
            var neededBytes = reader.UInt32();
            if (neededBytes <= (uint)argumentBytes || argumentBytes == MaxRegionInfoBytes)
            {
                return ParseRegion(region, reply);
            }
        }
    }

    private (VfioUserRegionInfo Info, ulong FileOffsetBytes, SafeFileHandle? File) ParseRegion(int region, in ReplyLease reply)
    {
        var reader = reply.Reader;
        reader.UInt32();
        var flags = reader.UInt32();
        reader.UInt32();
        var capabilityOffset = reader.UInt32();
        var sizeBytes = reader.UInt64();
        var fileOffsetBytes = reader.UInt64();
        List<(ulong OffsetBytes, ulong SizeBytes)> areas = [];
        if ((flags & RegionFlags.Mappable) != 0)
        {
            areas = (flags & RegionFlags.HasCapabilities) != 0 ? SparseAreas(reply.Payload, capabilityOffset) ?? [(0, sizeBytes)] : [(0, sizeBytes)];
        }

        foreach (var (offset, size) in areas)
        {
            VfioUserProtocolException.Require(
                size > 0 && offset <= sizeBytes && size <= sizeBytes - offset, $"{Peer}: region {region}: an area leaves the region", offset, sizeBytes);
        }

        var file = reply.Descriptors.Count > 0 && areas.Count > 0 ? reply.Descriptors.Take(0) : null;
        var info = new VfioUserRegionInfo(sizeBytes, (flags & RegionFlags.Read) != 0, (flags & RegionFlags.Write) != 0, file is null ? [] : areas);
        return (info, fileOffsetBytes, file);
    }

    // Null where the chain has no such capability. The chain may only lead forward, so it ends.
    private static List<(ulong OffsetBytes, ulong SizeBytes)>? SparseAreas(ReadOnlySpan<byte> payload, uint offset)
    {
        for (var previous = (uint)RegionFlags.InfoBytes - 1; offset > previous;)
        {
            var reader = new PayloadReader(payload, VfioUserCommand.GetRegionInfo);
            reader.Take(offset);
            var id = reader.UInt16();
            reader.UInt16();
            var next = reader.UInt32();
            if (id == RegionFlags.SparseMappingCapability)
            {
                var count = reader.UInt32();
                reader.UInt32();
                VfioUserProtocolException.Require(
                    count <= (uint)reader.RemainingBytes / RegionFlags.SparseAreaBytes, "GET_REGION_INFO: the areas are not all there", count, (ulong)reader.RemainingBytes);
                var areas = new List<(ulong, ulong)>((int)count);
                for (var i = 0; i < (int)count; i++)
                {
                    areas.Add((reader.UInt64(), reader.UInt64()));
                }

                return areas;
            }

            (previous, offset) = (offset, next);
        }

        return null;
    }
}
