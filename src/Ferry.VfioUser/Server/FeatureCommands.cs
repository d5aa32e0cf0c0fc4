using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Server;

/// <summary>DEVICE_FEATURE, MIG_DATA_READ and MIG_DATA_WRITE.</summary>
internal sealed class FeatureCommands(IVfioUserDevice device, VfioUserCapabilities limits, DmaCommands dma, int maxTransferBytes) : IDisposable
{
    private const int ReportBytes = 24;
    private const int DataHeadBytes = 8;
    private readonly ReportBitmaps _bitmaps = new();

    /// <summary>Whether DMA is being logged.</summary>
    internal bool IsLogging { get; private set; }

    internal void Handle(in CommandContext context)
    {
        var reader = context.Reader;
        var header = FeatureHeader.Read(ref reader);
        var supported = SupportedOperations(header.Feature);
        if (supported == 0)
        {
            throw new VfioUserException(Errno.NotATerminal, $"DEVICE_FEATURE: the device has no feature {(ushort)header.Feature}.");
        }

        var operations = header.Operations;
        context.Require(operations != 0 && (operations & ~(supported | FeatureHeader.Probe)) == 0, "the feature has no such operation", operations, supported);
        if ((operations & FeatureHeader.Probe) != 0)
        {
            context.Payload[..FeatureHeader.Bytes].CopyTo(context.Reply.Allocate(FeatureHeader.Bytes));
            return;
        }

        switch (operations)
        {
            case FeatureHeader.Get:
                Get(context, header, ref reader);
                break;
            case FeatureHeader.Set:
                context.Require(header.ArgumentBytes >= (uint)context.Payload.Length, "argsz is too small", header.ArgumentBytes, (ulong)context.Payload.Length);
                Set(context, header, ref reader);
                break;
            default:
                context.Require(false, "more than one operation", operations, supported);
                break;
        }
    }

    internal void ReadData(in CommandContext context)
    {
        var (argumentBytes, sizeBytes) = ReadDataHead(context, out _);
        context.Require(argumentBytes >= DataHeadBytes + (ulong)sizeBytes, "argsz has no room for the data", argumentBytes, sizeBytes);
        RequireState(device.State is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy, "read");
        var reply = context.Reply.Allocate(DataHeadBytes + (int)sizeBytes);
        // A short read means the end to clients, so the room is filled as far as there are bytes.
        var done = 0;
        for (int read; done < (int)sizeBytes && (read = device.ReadMigrationData(reply[(DataHeadBytes + done)..])) > 0;)
        {
            done += read;
        }

        BinaryPrimitives.WriteInt32LittleEndian(reply, DataHeadBytes + done);
        // The message keeps the length that was asked for, with zeros behind the data: libvfio-user's client takes no shorter one.
        BinaryPrimitives.WriteInt32LittleEndian(reply[sizeof(uint)..], done);
    }

    internal void WriteData(in CommandContext context)
    {
        var (_, sizeBytes) = ReadDataHead(context, out var reader);
        context.Require(reader.RemainingBytes == (int)sizeBytes, "another number of bytes came than was announced", (ulong)reader.RemainingBytes, sizeBytes);
        RequireState(device.State is VfioDeviceState.Resuming, "written");
        if (sizeBytes > 0)
        {
            device.WriteMigrationData(reader.Take(sizeBytes));
        }
    }

    /// <summary>Stops logging where it is on.</summary>
    internal void StopLogging()
    {
        if (IsLogging)
        {
            IsLogging = false;
            _bitmaps.Clear();
            device.StopDmaLog();
        }
    }

    /// <summary>Frees the bitmaps.</summary>
    public void Dispose() => _bitmaps.Clear();

    private uint SupportedOperations(FeatureNumber feature)
    {
        var migrates = (device.Migration & VfioMigrationFlags.StopCopy) != 0;
        var logs = device.DmaLogPageSizes.Count > 0;
        return feature switch
        {
            FeatureNumber.Migration when migrates => FeatureHeader.Get,
            FeatureNumber.DeviceState when migrates => FeatureHeader.Get | FeatureHeader.Set,
            FeatureNumber.MigrationDataSize when migrates => FeatureHeader.Get,
            FeatureNumber.DmaLogStart or FeatureNumber.DmaLogStop when logs => FeatureHeader.Set,
            FeatureNumber.DmaLogReport when logs => FeatureHeader.Get,
            FeatureNumber.PageTable when limits.SharesPageTable && device is IPageTableDevice => FeatureHeader.Get,
            _ => 0,
        };
    }

    private void Get(in CommandContext context, FeatureHeader header, ref PayloadReader reader)
    {
        switch (header.Feature)
        {
            case FeatureNumber.Migration:
                ReplyNumber(context, header, (ulong)device.Migration);
                break;
            case FeatureNumber.DeviceState:
                ReplyNumber(context, header, (uint)device.State);
                break;
            case FeatureNumber.MigrationDataSize:
                ReplyNumber(context, header, device.EstimateStopCopyBytes()
                    ?? throw new VfioUserException(Errno.NotATerminal, "DEVICE_FEATURE: the device gives no estimate of its data."));
                break;
            case FeatureNumber.PageTable:
                PageTableReply.Write(context, header, (IPageTableDevice)device);
                break;
            default:
                Report(context, header, ref reader);
                break;
        }
    }

    private void Set(in CommandContext context, FeatureHeader header, ref PayloadReader reader)
    {
        switch (header.Feature)
        {
            case FeatureNumber.DeviceState:
                var state = reader.UInt32();
                reader.UInt32();
                context.Require(state != (uint)VfioDeviceState.Error && Enum.IsDefined((VfioDeviceState)state), "no state to go to", state, 7);
                device.SetState((VfioDeviceState)state);
                break;
            case FeatureNumber.DmaLogStart:
                StartLogging(context, ref reader);
                return;
            default:
                StopLogging();
                break;
        }

        context.Payload.CopyTo(context.Reply.Allocate(context.Payload.Length));
    }

    private void StartLogging(in CommandContext context, ref PayloadReader reader)
    {
        context.Require(!IsLogging, "DMA is logged already", 1, 0);
        var hint = BitmapFields.ReadPageSize(context, ref reader);
        var count = reader.UInt32();
        reader.UInt32();
        if (count > (uint)device.DmaLogMaxRanges)
        {
            throw new VfioUserException(Errno.TooBig, $"DMA_LOGGING_START: {count} ranges, and the device logs {device.DmaLogMaxRanges}.");
        }

        context.Require((ulong)reader.RemainingBytes >= count * 16UL, "the ranges are not all there", (ulong)reader.RemainingBytes, count);
        var pageSize = Choose(hint);
        var ranges = new List<IovaRange>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var (start, lengthBytes) = (reader.UInt64(), reader.UInt64());
            context.Require(lengthBytes > 0 && start + (lengthBytes - 1) >= start, "a range is empty or wraps", lengthBytes, start);
            var range = new IovaRange(new Iova(start), lengthBytes);
            context.Require(range.IsAligned(pageSize), "a range is not made of whole pages of the size that is logged", start | lengthBytes, pageSize.Bytes);
            ranges.Add(range);
        }

        RequireDisjoint(context, ranges);
        // No range at all stands for all writes, which can only go to what is mapped.
        device.StartDmaLog(count == 0 ? [.. dma.Mappings] : ranges, pageSize);
        IsLogging = true;
        var reply = context.Reply.Allocate(context.Payload.Length);
        context.Payload.CopyTo(reply);
        BinaryPrimitives.WriteUInt64LittleEndian(reply[FeatureHeader.Bytes..], pageSize.Bytes);
    }

    private void Report(in CommandContext context, FeatureHeader header, ref PayloadReader reader)
    {
        context.Require(IsLogging, "nothing is logged", 0, 1);
        var start = reader.UInt64();
        var lengthBytes = reader.UInt64();
        context.Require(lengthBytes > 0 && start + (lengthBytes - 1) >= start, "the range is empty or wraps", lengthBytes, start);
        var range = new IovaRange(new Iova(start), lengthBytes);
        var pageSize = BitmapFields.ReadPageSize(context, ref reader);
        var bitmapBytes = BitmapFields.BytesFor(context, range, pageSize, limits.MaxBitmapBytes);
        const int headBytes = FeatureHeader.Bytes + ReportBytes;
        context.Require(header.ArgumentBytes >= (uint)(headBytes + bitmapBytes), "argsz has no room for the bitmap", header.ArgumentBytes, (uint)(headBytes + bitmapBytes));
        var bitmap = _bitmaps.Get(range, pageSize);
        device.ReportDmaLog(range, bitmap);
        var reply = context.Reply.Allocate(headBytes + bitmapBytes);
        context.Payload[..headBytes].CopyTo(reply);
        BinaryPrimitives.WriteInt32LittleEndian(reply, headBytes + bitmapBytes);
        MemoryMarshal.AsBytes(bitmap.Words).CopyTo(reply[headBytes..]);
    }

    private (uint ArgumentBytes, uint SizeBytes) ReadDataHead(in CommandContext context, out PayloadReader reader)
    {
        if (device.Migration == VfioMigrationFlags.None)
        {
            throw new VfioUserException(Errno.NotSupported, $"{context.Command}: the device doesn't migrate.");
        }

        reader = context.Reader;
        var argumentBytes = reader.UInt32();
        var sizeBytes = reader.UInt32();
        context.Require(sizeBytes <= (uint)maxTransferBytes, "too many bytes at once", sizeBytes, (uint)maxTransferBytes);
        return (argumentBytes, sizeBytes);
    }

    private void RequireState(bool holds, string what)
    {
        if (!holds)
        {
            throw new VfioUserException(Errno.Invalid, $"Migration data can't be {what} in {device.State}.");
        }
    }

    // The size that was asked for, or the next smaller one, or the smallest that the device has.
    private PageSize Choose(PageSize hint)
    {
        var fitting = device.DmaLogPageSizes.Where(size => size <= hint).ToList();
        return fitting.Count > 0 ? fitting.Max() : device.DmaLogPageSizes.Min();
    }

    private static void RequireDisjoint(in CommandContext context, List<IovaRange> ranges)
    {
        ranges.Sort((left, right) => left.Start.CompareTo(right.Start));
        for (var i = 1; i < ranges.Count; i++)
        {
            context.Require(ranges[i - 1].Last < ranges[i].Start, "two ranges overlap", ranges[i].Start.Value, ranges[i - 1].Last.Value);
        }
    }

    private static void ReplyNumber(in CommandContext context, FeatureHeader header, ulong value)
    {
        const int bytes = FeatureHeader.Bytes + sizeof(ulong);
        context.Require(header.ArgumentBytes >= bytes, "argsz is too small", header.ArgumentBytes, bytes);
        var writer = new PayloadWriter(context.Reply.Allocate(bytes));
        (header with { ArgumentBytes = bytes }).Write(ref writer);
        writer.UInt64(value);
    }
}
