using System.Buffers;
using System.Text.Json;
using Ferry.Linux.Sockets;
using Ferry.Tracking;

namespace Ferry.VfioUser.Protocol;

/// <summary>The payload of VERSION, in both directions: major u16, minor u16, then JSON that ends with a zero byte.</summary>
internal readonly record struct VersionMessage(ushort Major, ushort Minor, VfioUserCapabilities Capabilities)
{
    internal const ushort OwnMajor = 0;
    internal const ushort OwnMinor = 1;
    internal const int MaxBytes = 4096;
    private static ReadOnlySpan<byte> VendorKey => "ferry"u8;
    private static ReadOnlySpan<byte> DmaLogKey => "dma_log"u8;
    private static ReadOnlySpan<byte> PageTableKey => "page_table"u8;
    private static ReadOnlySpan<byte> PinnedValue => "pinned"u8;
    private const int MinDataTransferBytes = 64;
    private const int MinBitmapBytes = 8;

    internal static VersionMessage Own(VfioUserCapabilities capabilities) => new(OwnMajor, OwnMinor, capabilities);

    /// <summary>Reads a payload; keys that are not known are passed over.</summary>
    /// <exception cref="VfioUserProtocolException">Too short or long, no JSON, or a value outside its limits.</exception>
    internal static VersionMessage Read(ReadOnlySpan<byte> payload)
    {
        VfioUserProtocolException.Require(payload.Length <= MaxBytes, "VERSION is too long", (ulong)payload.Length, MaxBytes);
        var reader = new PayloadReader(payload, VfioUserCommand.Version);
        var major = reader.UInt16();
        var minor = reader.UInt16();
        var json = reader.Take((ulong)reader.RemainingBytes);
        if (json.IsEmpty)
        {
            return new VersionMessage(major, minor, new VfioUserCapabilities());
        }

        if (json[^1] != 0)
        {
            throw new VfioUserProtocolException("VERSION: the version data doesn't end with a zero byte.");
        }

        try
        {
            return new VersionMessage(major, minor, ReadJson(json[..^1]));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new VfioUserProtocolException($"VERSION: the version data is no JSON of the expected shape: {e.Message}", e);
        }
    }

    internal ReadOnlySpan<byte> Write()
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        var head = new PayloadWriter(buffer.GetSpan(4));
        head.UInt16(Major);
        head.UInt16(Minor);
        buffer.Advance(head.WrittenBytes);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("capabilities"u8);
            json.WriteNumber("max_msg_fds"u8, Capabilities.MaxMessageDescriptors);
            json.WriteNumber("max_data_xfer_size"u8, Capabilities.MaxDataTransferBytes);
            json.WriteNumber("max_dma_maps"u8, Capabilities.MaxDmaMaps);
            json.WriteNumber("pgsizes"u8, Capabilities.PageSizes);
            json.WriteStartObject("migration"u8);
            json.WriteNumber("pgsize"u8, Capabilities.MigrationPageSizeBytes ?? 4096);
            json.WriteNumber("max_bitmap_size"u8, Capabilities.MaxBitmapBytes);
            json.WriteEndObject();
            if (Capabilities.WriteMultiple)
            {
                json.WriteBoolean("write_multiple"u8, true);
            }

            WriteVendor(json);

            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write("\0"u8);
        return buffer.WrittenSpan;
    }

    // Keys of our own, in an object that others pass over; a side that has nothing special to say doesn't write it.
    private void WriteVendor(Utf8JsonWriter json)
    {
        if (Capabilities is { DmaLogPrecision: TrackingPrecision.Exact, SharesPageTable: false })
        {
            return;
        }

        json.WriteStartObject(VendorKey);
        if (Capabilities.DmaLogPrecision != TrackingPrecision.Exact)
        {
            json.WriteString(DmaLogKey, Capabilities.DmaLogPrecision == TrackingPrecision.PinnedForWrite ? PinnedValue : "all"u8);
        }

        if (Capabilities.SharesPageTable)
        {
            json.WriteBoolean(PageTableKey, true);
        }

        json.WriteEndObject();
    }

    private static VfioUserCapabilities ReadJson(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
        var capabilities = new VfioUserCapabilities();
        reader.Read();
        for (Enter(ref reader); NextKey(ref reader);)
        {
            if (!reader.ValueTextEquals("capabilities"u8))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            for (Enter(ref reader); NextKey(ref reader);)
            {
                capabilities = ReadCapability(ref reader, capabilities);
            }
        }

        while (reader.Read())
        {
        }

        return capabilities;
    }

    private static VfioUserCapabilities ReadCapability(ref Utf8JsonReader reader, VfioUserCapabilities so)
    {
        if (reader.ValueTextEquals("max_msg_fds"u8))
        {
            return so with { MaxMessageDescriptors = (int)Math.Min(Number(ref reader, 0), DescriptorList.MaxCapacity) };
        }

        if (reader.ValueTextEquals("max_data_xfer_size"u8))
        {
            return so with { MaxDataTransferBytes = (int)Math.Min(Number(ref reader, MinDataTransferBytes), int.MaxValue / 2) };
        }

        if (reader.ValueTextEquals("max_dma_maps"u8))
        {
            return so with { MaxDmaMaps = (int)Math.Min(Number(ref reader, 1), int.MaxValue) };
        }

        if (reader.ValueTextEquals("pgsizes"u8))
        {
            return so with { PageSizes = Number(ref reader, 1) };
        }

        if (reader.ValueTextEquals("write_multiple"u8))
        {
            reader.Read();
            return so with { WriteMultiple = reader.GetBoolean() };
        }

        if (reader.ValueTextEquals(VendorKey))
        {
            return ReadVendor(ref reader, so);
        }

        if (!reader.ValueTextEquals("migration"u8))
        {
            reader.Skip();
            return so;
        }

        return ReadMigration(ref reader, so);
    }

    private static VfioUserCapabilities ReadVendor(ref Utf8JsonReader reader, VfioUserCapabilities so)
    {
        reader.Read();
        for (Enter(ref reader); NextKey(ref reader);)
        {
            if (reader.ValueTextEquals(PageTableKey))
            {
                reader.Read();
                so = so with { SharesPageTable = reader.GetBoolean() };
                continue;
            }

            if (!reader.ValueTextEquals(DmaLogKey))
            {
                reader.Skip();
                continue;
            }

            reader.Read();
            // A word that is not known promises nothing.
            so = so with
            {
                DmaLogPrecision = reader.ValueTextEquals("exact"u8) ? TrackingPrecision.Exact
                    : reader.ValueTextEquals(PinnedValue) ? TrackingPrecision.PinnedForWrite
                    : TrackingPrecision.AllMapped,
            };
        }

        return so;
    }

    private static VfioUserCapabilities ReadMigration(ref Utf8JsonReader reader, VfioUserCapabilities so)
    {
        reader.Read();
        for (Enter(ref reader); NextKey(ref reader);)
        {
            if (reader.ValueTextEquals("pgsize"u8))
            {
                so = so with { MigrationPageSizeBytes = Number(ref reader, 0) };
            }
            else if (reader.ValueTextEquals("max_bitmap_size"u8))
            {
                so = so with { MaxBitmapBytes = (int)Math.Min(Number(ref reader, MinBitmapBytes), int.MaxValue / 2) & ~7 };
            }
            else
            {
                reader.Skip();
            }
        }

        return so;
    }

    private static void Enter(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new VfioUserProtocolException($"VERSION: {reader.TokenType} where an object is expected.");
        }
    }

    private static bool NextKey(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static ulong Number(ref Utf8JsonReader reader, ulong atLeast)
    {
        reader.Read();
        if (!reader.TryGetUInt64(out var value) || value < atLeast)
        {
            throw new VfioUserProtocolException($"VERSION: a number of at least {atLeast} is expected.");
        }

        return value;
    }
}
