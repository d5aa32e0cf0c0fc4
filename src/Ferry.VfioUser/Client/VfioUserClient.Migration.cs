using System.Buffers.Binary;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Client;

public sealed partial class VfioUserClient
{
    private const int NumberBytes = FeatureHeader.Bytes + sizeof(ulong);
    private const int ReportHeadBytes = FeatureHeader.Bytes + 24;
    private const int LogControlBytes = 16;
    private const int LogRangeBytes = 16;
    private const int DataHeadBytes = 8;

    /// <summary>Whether the device logs its DMA: whether it has DMA_LOGGING_START, STOP and REPORT.</summary>
    public bool HasDmaLog =>
        Probe(FeatureNumber.DmaLogStart, FeatureHeader.Set) && Probe(FeatureNumber.DmaLogStop, FeatureHeader.Set) && Probe(FeatureNumber.DmaLogReport, FeatureHeader.Get);

    private int MaxBitmapBytes => Math.Min(Server.MaxBitmapBytes, _options.Capabilities.MaxBitmapBytes) & ~7;

    /// <summary>Asks what migration the device supports; none where it doesn't know the feature.</summary>
    public VfioMigrationFlags GetMigrationFlags() => TryGetNumber(FeatureNumber.Migration, out var flags) ? (VfioMigrationFlags)flags : VfioMigrationFlags.None;

    /// <summary>Asks for the migration state.</summary>
    public VfioDeviceState GetState() => TryGetNumber(FeatureNumber.DeviceState, out var state)
        ? (VfioDeviceState)(uint)state
        : throw new VfioUserException(Errno.NotATerminal, $"{Peer}: the device has no migration state.");

    /// <summary>Makes the device take an arc or a combination of arcs; when it returns the device is there.</summary>
    public void SetState(VfioDeviceState next)
    {
        Span<byte> fields = stackalloc byte[NumberBytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader(NumberBytes, FeatureNumber.DeviceState, FeatureHeader.Set).Write(ref writer);
        writer.UInt32((uint)next);
        writer.UInt32(0);
        Request(VfioUserCommand.Feature, fields).Dispose();
    }

    /// <summary>Asks how many bytes STOP_COPY will give, or null where the device gives no estimate.</summary>
    public ulong? EstimateStopCopyBytes()
    {
        try
        {
            return TryGetNumber(FeatureNumber.MigrationDataSize, out var bytes) ? bytes : null;
        }
        catch (VfioUserException)
        {
            // A device that has the feature may still not know the size in the state it is in.
            return null;
        }
    }

    /// <summary>Reads state bytes; 0 means that none are there. Allocates nothing.</summary>
    /// <returns>How many were read, at most what fits the buffer and one message.</returns>
    public int ReadMigrationData(Span<byte> buffer)
    {
        var wanted = Math.Min(buffer.Length, MaxTransferBytes);
        Span<byte> fields = stackalloc byte[DataHeadBytes];
        BinaryPrimitives.WriteInt32LittleEndian(fields, DataHeadBytes + wanted);
        BinaryPrimitives.WriteInt32LittleEndian(fields[sizeof(uint)..], wanted);
        using var reply = Request(VfioUserCommand.MigrationDataRead, fields, default, DataHeadBytes + wanted);
        var reader = reply.Reader;
        reader.UInt32();
        var size = reader.UInt32();
        VfioUserProtocolException.Require(size <= (uint)wanted, "MIG_DATA_READ: more state came than was asked for", size, (uint)wanted);
        reader.Take(size).CopyTo(buffer);
        return (int)size;
    }

    /// <summary>Writes state bytes, in several requests where it is more than the device takes at once. Allocates nothing.</summary>
    public void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        Span<byte> fields = stackalloc byte[DataHeadBytes];
        while (!data.IsEmpty)
        {
            var part = data[..Math.Min(data.Length, MaxTransferBytes)];
            BinaryPrimitives.WriteInt32LittleEndian(fields, DataHeadBytes + part.Length);
            BinaryPrimitives.WriteInt32LittleEndian(fields[sizeof(uint)..], part.Length);
            Request(VfioUserCommand.MigrationDataWrite, fields, part).Dispose();
            data = data[part.Length..];
        }
    }

    /// <summary>Makes the device log its DMA writes.</summary>
    /// <returns>The page size that it logs at, which may be another than the one asked for.</returns>
    /// <exception cref="ArgumentException">More ranges than fit a message.</exception>
    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var payloadBytes = FeatureHeader.Bytes + LogControlBytes + ((long)ranges.Count * LogRangeBytes);
        if (payloadBytes > MaxTransferBytes)
        {
            throw new ArgumentException($"{ranges.Count} ranges need {payloadBytes} bytes, and a message holds {MaxTransferBytes}.", nameof(ranges));
        }

        var payload = new byte[payloadBytes];
        var writer = new PayloadWriter(payload);
        new FeatureHeader((uint)payloadBytes, FeatureNumber.DmaLogStart, FeatureHeader.Set).Write(ref writer);
        writer.UInt64(pageSize.Bytes);
        writer.UInt32((uint)ranges.Count);
        writer.UInt32(0);
        foreach (var range in ranges)
        {
            writer.UInt64(range.Start.Value);
            writer.UInt64(range.LengthBytes);
        }

        using var reply = Request(VfioUserCommand.Feature, default, payload, (int)payloadBytes);
        var reader = reply.Reader;
        reader.Take(FeatureHeader.Bytes);
        var chosen = reader.UInt64();
        VfioUserProtocolException.Require(
            ulong.IsPow2(chosen) && chosen >= PageSize.Size4K.Bytes, $"{Peer}: DMA is logged at no page size", chosen, PageSize.Size4K.Bytes);
        return new PageSize(chosen);
    }

    /// <summary>Ends the logging.</summary>
    public void StopDmaLog()
    {
        Span<byte> fields = stackalloc byte[FeatureHeader.Bytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader(FeatureHeader.Bytes, FeatureNumber.DmaLogStop, FeatureHeader.Set).Write(ref writer);
        Request(VfioUserCommand.Feature, fields).Dispose();
    }

    /// <summary>ORs into <paramref name="bitmap"/> the pages of the range that the device wrote since the last report, which it forgets.</summary>
    /// <remarks>Asks several times where the bitmap is larger than both sides agreed on. Allocates nothing. Where it throws, an unknown
    /// part was forgotten by the device: the caller counts the range as dirty.</remarks>
    /// <param name="range">Made of whole pages of <paramref name="pageSize"/>; within the bitmap's range.</param>
    /// <param name="pageSize">The size that the device reports at.</param>
    /// <param name="bitmap">Where to; may have another page size.</param>
    public void ReportDmaLog(IovaRange range, PageSize pageSize, DirtyBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        if (!range.IsAligned(pageSize) || !bitmap.Range.Contains(range))
        {
            throw new ArgumentOutOfRangeException(nameof(range), range, $"The range is not made of pages of {pageSize} or not within {bitmap.Range}.");
        }

        var totalPages = range.LengthBytes >> pageSize.Shift;
        var maxPages = (ulong)MaxBitmapBytes * 8;
        for (var first = 0UL; first < totalPages; first += maxPages)
        {
            var pages = Math.Min(maxPages, totalPages - first);
            ReportPart(new Iova(range.Start.Value + (first << pageSize.Shift)), pages, pageSize, bitmap);
        }
    }

    private void ReportPart(Iova start, ulong pages, PageSize pageSize, DirtyBitmap bitmap)
    {
        var bitmapBytes = (int)((pages + 63) / 64) * sizeof(ulong);
        Span<byte> fields = stackalloc byte[ReportHeadBytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader((uint)(ReportHeadBytes + bitmapBytes), FeatureNumber.DmaLogReport, FeatureHeader.Get).Write(ref writer);
        writer.UInt64(start.Value);
        writer.UInt64(pages << pageSize.Shift);
        writer.UInt64(pageSize.Bytes);
        using var reply = Request(VfioUserCommand.Feature, fields, default, ReportHeadBytes + bitmapBytes);
        var reader = reply.Reader;
        reader.Take(FeatureHeader.Bytes);
        VfioUserProtocolException.Require(reader.UInt64() == start.Value, "DMA_LOGGING_REPORT answers for another address than asked", start.Value, pages << pageSize.Shift);
        VfioUserProtocolException.Require(reader.UInt64() == pages << pageSize.Shift, "DMA_LOGGING_REPORT answers for another length than asked", start.Value, pages << pageSize.Shift);
        VfioUserProtocolException.Require(reader.UInt64() == pageSize.Bytes, "DMA_LOGGING_REPORT answers at another page size than asked", start.Value, pageSize.Bytes);
        bitmap.Or(reader.Bitmap(pages), start, pageSize, pages);
    }

    private bool Probe(FeatureNumber feature, uint operation)
    {
        Span<byte> fields = stackalloc byte[FeatureHeader.Bytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader(FeatureHeader.Bytes, feature, FeatureHeader.Probe | operation).Write(ref writer);
        try
        {
            Request(VfioUserCommand.Feature, fields).Dispose();
            return true;
        }
        catch (VfioUserException)
        {
            return false;
        }
    }

    private bool TryGetNumber(FeatureNumber feature, out ulong value)
    {
        Span<byte> fields = stackalloc byte[FeatureHeader.Bytes];
        var writer = new PayloadWriter(fields);
        new FeatureHeader(NumberBytes, feature, FeatureHeader.Get).Write(ref writer);
        value = 0;
        if (!Probe(feature, FeatureHeader.Get))
        {
            return false;
        }

        using var reply = Request(VfioUserCommand.Feature, fields);
        var reader = reply.Reader;
        reader.Take(FeatureHeader.Bytes);
        value = reader.UInt64();
        return true;
    }
}
