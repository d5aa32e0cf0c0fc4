using System.Runtime.InteropServices;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;
using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Server;

/// <summary>DMA_MAP and DMA_UNMAP, and the mappings that exist.</summary>
internal sealed class DmaCommands(IVfioUserDevice device, VfioUserCapabilities limits)
{
    private const int UnmapBytes = 24;
    private const int BitmapHeadBytes = 16;
    private readonly List<IovaRange> _mappings = [];

    /// <summary>The mappings, sorted by address; they never overlap.</summary>
    internal IReadOnlyList<IovaRange> Mappings => _mappings;

    internal void Map(in CommandContext context)
    {
        var reader = context.Reader;
        reader.UInt32();
        var flags = reader.UInt32();
        var fileOffset = reader.UInt64();
        var range = ReadRange(context, ref reader);
        const uint known = DmaFlags.MapRead | DmaFlags.MapWrite | DmaFlags.MapByMapping;
        context.Require((flags & ~known) == 0, "unknown flags", flags, known);
        context.Require(context.Descriptors.Count <= 1, "too many descriptors", (ulong)context.Descriptors.Count, 1);
        var hasFile = context.Descriptors.Count == 1;
        context.Require(hasFile || (flags & DmaFlags.MapByMapping) == 0, "a mapping without a descriptor", flags, 0);
        context.Require(
            !hasFile || (fileOffset % LeastPageBytes == 0 && fileOffset + range.LengthBytes >= fileOffset), "the file offset is not aligned or wraps", fileOffset, LeastPageBytes);
        var at = IndexOf(range.Start);
        if ((at < _mappings.Count && _mappings[at].Overlaps(range)) || (at > 0 && _mappings[at - 1].Overlaps(range)))
        {
            throw new VfioUserException(Errno.Exists, $"DMA_MAP: {range} overlaps a mapping.");
        }

        if (_mappings.Count >= limits.MaxDmaMaps)
        {
            throw new VfioUserException(Errno.NoSpace, $"DMA_MAP: {_mappings.Count} mappings exist, which is the limit.");
        }

        var file = hasFile ? context.Descriptors.Take(0) : null;
        try
        {
            RequireWithin(context, file, fileOffset, range.LengthBytes);
            device.DmaMap(range, fileOffset, (flags & DmaFlags.MapRead) != 0, (flags & DmaFlags.MapWrite) != 0, file);
        }
        catch
        {
            file?.Dispose();
            throw;
        }

        _mappings.Insert(at, range);
    }

    internal void Unmap(in CommandContext context, bool isLogging)
    {
        var reader = context.Reader;
        var argumentBytes = reader.UInt32();
        var flags = reader.UInt32();
        context.Require(argumentBytes >= UnmapBytes, "argsz is too small", argumentBytes, UnmapBytes);
        context.Require(flags is 0 or DmaFlags.UnmapGetDirty or DmaFlags.UnmapAll, "unknown flags", flags, DmaFlags.UnmapAll);
        if (flags == DmaFlags.UnmapAll)
        {
            var nothing = reader.UInt64() | reader.UInt64();
            context.Require(nothing == 0, "address and size are not zero", nothing, 0);
            UnmapAll();
            context.Payload[..UnmapBytes].CopyTo(context.Reply.Allocate(UnmapBytes));
            return;
        }

        var range = ReadRange(context, ref reader);
        var at = IndexOf(range.Start);
        if (at == _mappings.Count || _mappings[at] != range)
        {
            throw new VfioUserException(Errno.NoEntry, $"DMA_UNMAP: {range} is not a mapping.");
        }

        if (flags == 0)
        {
            device.DmaUnmap(range, null);
            _mappings.RemoveAt(at);
            context.Payload[..UnmapBytes].CopyTo(context.Reply.Allocate(UnmapBytes));
            return;
        }

        context.Require(isLogging, "dirty pages are asked for and nothing is logged", flags, 0);
        UnmapWithBitmap(context, ref reader, range, at, argumentBytes);
    }

    /// <summary>Unmaps everything, also what the device doesn't know of.</summary>
    internal void UnmapAll()
    {
        _mappings.Clear();
        device.DmaUnmapAll();
    }

    private void UnmapWithBitmap(in CommandContext context, ref PayloadReader reader, IovaRange range, int at, uint argumentBytes)
    {
        var pageSize = BitmapFields.ReadPageSize(context, ref reader);
        var sizeBytes = reader.UInt64();
        var neededBytes = BitmapFields.BytesFor(context, range, pageSize, limits.MaxBitmapBytes);
        context.Require(sizeBytes >= (ulong)neededBytes, "the bitmap is too small", sizeBytes, (ulong)neededBytes);
        context.Require(sizeBytes <= (ulong)limits.MaxBitmapBytes, "the bitmap is too large", sizeBytes, (ulong)limits.MaxBitmapBytes);
        var replyBytes = UnmapBytes + BitmapHeadBytes + (int)sizeBytes;
        context.Require(argumentBytes >= (uint)replyBytes, "argsz has no room for the bitmap", argumentBytes, (uint)replyBytes);
        using var dirty = new DirtyBitmap(range, pageSize);
        device.DmaUnmap(range, dirty);
        _mappings.RemoveAt(at);
        var reply = context.Reply.Allocate(replyBytes);
        context.Payload[..(UnmapBytes + BitmapHeadBytes)].CopyTo(reply);
        MemoryMarshal.AsBytes(dirty.Words).CopyTo(reply[(UnmapBytes + BitmapHeadBytes)..]);
    }

    // What addresses have to be aligned to.
    private ulong LeastPageBytes => limits.PageSizes & (~limits.PageSizes + 1);

    private IovaRange ReadRange(in CommandContext context, ref PayloadReader reader)
    {
        var start = reader.UInt64();
        var lengthBytes = reader.UInt64();
        context.Require(lengthBytes > 0 && start + (lengthBytes - 1) >= start, "the range is empty or wraps", lengthBytes, start);
        context.Require((start | lengthBytes) % LeastPageBytes == 0, "the range is not made of whole pages", start | lengthBytes, LeastPageBytes);
        return new IovaRange(new Iova(start), lengthBytes);
    }

    // A mapping beyond the end of its file would end the device's process by a signal at the first access.
    private static void RequireWithin(in CommandContext context, SafeFileHandle? file, ulong offset, ulong lengthBytes)
    {
        if (file is not null)
        {
            var fileBytes = (ulong)RandomAccess.GetLength(file);
            context.Require(offset <= fileBytes && lengthBytes <= fileBytes - offset, "the range ends beyond its file", offset + lengthBytes, fileBytes);
        }
    }

    // The index of the first mapping that starts at or above the address.
    private int IndexOf(Iova start)
    {
        var (low, high) = (0, _mappings.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _mappings[middle].Start < start ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
