using System.Buffers.Binary;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Server;

/// <summary>GET_INFO, GET_REGION_INFO, GET_REGION_IO_FDS, REGION_READ, REGION_WRITE and REGION_WRITE_MULTI.</summary>
internal sealed class RegionCommands(IVfioUserDevice device, int maxTransferBytes)
{
    private const uint DeviceCanReset = 1;
    private const uint DeviceIsPci = 2;
    private const int InfoBytes = 16;
    private const int AccessBytes = 16;
    private const int MultiWriteBytes = 24;

    internal void GetInfo(in CommandContext context)
    {
        var argumentBytes = context.Reader.UInt32();
        context.Require(argumentBytes >= InfoBytes, "argsz is too small", argumentBytes, InfoBytes);
        var writer = new PayloadWriter(context.Reply.Allocate(InfoBytes));
        writer.UInt32(InfoBytes);
        writer.UInt32(DeviceCanReset | DeviceIsPci);
        writer.UInt32((uint)device.Regions.Count);
        writer.UInt32((uint)device.InterruptCounts.Count);
    }

    internal void GetRegionInfo(in CommandContext context)
    {
        var reader = context.Reader;
        var argumentBytes = reader.UInt32();
        reader.UInt32();
        var index = reader.UInt32();
        context.Require(argumentBytes >= RegionFlags.InfoBytes, "argsz is too small", argumentBytes, RegionFlags.InfoBytes);
        var region = RegionAt(context, index);
        var areas = region.File is null ? 0 : region.MappableAreas.Count;
        var neededBytes = RegionFlags.InfoBytes + (areas == 0 ? 0 : RegionFlags.SparseHeadBytes + (areas * RegionFlags.SparseAreaBytes));
        var fits = argumentBytes >= (uint)neededBytes;
        var writer = new PayloadWriter(context.Reply.Allocate(fits ? neededBytes : RegionFlags.InfoBytes));
        writer.UInt32((uint)neededBytes);
        writer.UInt32(
            (region.Readable ? RegionFlags.Read : 0)
            | (region.Writable ? RegionFlags.Write : 0)
            | (region.File is null ? 0 : RegionFlags.Mappable)
            | (areas > 0 && fits ? RegionFlags.HasCapabilities : 0));
        writer.UInt32(index);
        writer.UInt32(areas > 0 && fits ? RegionFlags.InfoBytes : 0u);
        writer.UInt64(region.SizeBytes);
        writer.UInt64(region.FileOffsetBytes);
        if (areas > 0 && fits)
        {
            WriteSparseAreas(ref writer, region);
        }

        if (region.File is { } file && fits)
        {
            context.Reply.Attach(file);
        }
    }

    internal void GetRegionIoDescriptors(in CommandContext context)
    {
        var reader = context.Reader;
        var argumentBytes = reader.UInt32();
        var flags = reader.UInt32();
        var index = reader.UInt32();
        var count = reader.UInt32();
        context.Require(argumentBytes >= InfoBytes, "argsz is too small", argumentBytes, InfoBytes);
        context.Require((flags | count) == 0, "flags and count are not zero", flags | count, 0);
        RegionAt(context, index);
        // No device here has registers that an eventfd could stand for, so the answer is: none.
        var writer = new PayloadWriter(context.Reply.Allocate(InfoBytes));
        writer.UInt32(InfoBytes);
        writer.UInt32(0);
        writer.UInt32(index);
        writer.UInt32(0);
    }

    internal void Read(in CommandContext context)
    {
        var reader = context.Reader;
        var offset = reader.UInt64();
        var index = reader.UInt32();
        var count = reader.UInt32();
        context.Require(RegionAt(context, index).Readable, "the region can't be read", index, 0);
        CheckAccess(context, index, offset, count);
        var reply = context.Reply.Allocate(AccessBytes + (int)count);
        WriteAccess(reply, offset, index, count);
        if (count > 0)
        {
            device.RegionRead((int)index, offset, reply[AccessBytes..]);
        }
    }

    internal void Write(in CommandContext context)
    {
        var reader = context.Reader;
        var offset = reader.UInt64();
        var index = reader.UInt32();
        var count = reader.UInt32();
        CheckWrite(context, index, offset, count);
        context.Require(reader.RemainingBytes == (int)count, "another number of bytes came than was announced", (ulong)reader.RemainingBytes, count);
        if (count > 0)
        {
            device.RegionWrite((int)index, offset, reader.Take(count));
        }

        WriteAccess(context.Reply.Allocate(AccessBytes), offset, index, count);
    }

    internal void WriteMultiple(in CommandContext context)
    {
        var counting = context.Reader;
        var writes = counting.UInt64();
        context.Require(
            writes == (ulong)counting.RemainingBytes / MultiWriteBytes && counting.RemainingBytes % MultiWriteBytes == 0,
            "the number of writes doesn't fit the bytes", writes, (ulong)counting.RemainingBytes);
        // All are checked before the first is done.
        for (var pass = 0; pass < 2; pass++)
        {
            var reader = counting;
            for (var i = 0UL; i < writes; i++)
            {
                var offset = reader.UInt64();
                var index = reader.UInt32();
                var count = reader.UInt32();
                var data = reader.Take(sizeof(ulong));
                context.Require(count <= sizeof(ulong), "a write is too long", count, sizeof(ulong));
                CheckWrite(context, index, offset, count);
                if (pass == 1 && count > 0)
                {
                    device.RegionWrite((int)index, offset, data[..(int)count]);
                }
            }
        }

        BinaryPrimitives.WriteUInt64LittleEndian(context.Reply.Allocate(sizeof(ulong)), writes);
    }

    private static void WriteSparseAreas(ref PayloadWriter writer, VfioUserRegion region)
    {
        writer.UInt16(RegionFlags.SparseMappingCapability);
        writer.UInt16(1);
        writer.UInt32(0);
        writer.UInt32((uint)region.MappableAreas.Count);
        writer.UInt32(0);
        foreach (var (offsetBytes, sizeBytes) in region.MappableAreas)
        {
            writer.UInt64(offsetBytes);
            writer.UInt64(sizeBytes);
        }
    }

    private static void WriteAccess(Span<byte> reply, ulong offset, uint index, uint count)
    {
        var writer = new PayloadWriter(reply);
        writer.UInt64(offset);
        writer.UInt32(index);
        writer.UInt32(count);
    }

    private VfioUserRegion RegionAt(in CommandContext context, uint index)
    {
        context.Require(index < (uint)device.Regions.Count, "there is no such region", index, (uint)device.Regions.Count);
        return device.Regions[(int)index];
    }

    private void CheckWrite(in CommandContext context, uint index, ulong offset, uint count)
    {
        context.Require(RegionAt(context, index).Writable, "the region can't be written", index, 0);
        CheckAccess(context, index, offset, count);
    }

    private void CheckAccess(in CommandContext context, uint index, ulong offset, uint count)
    {
        var sizeBytes = RegionAt(context, index).SizeBytes;
        context.Require(count <= (uint)maxTransferBytes, "the access is too long", count, (uint)maxTransferBytes);
        context.Require(offset <= sizeBytes && count <= sizeBytes - offset, "the access leaves the region", offset, sizeBytes);
    }
}
