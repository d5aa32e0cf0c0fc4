using System.Text.Json;

namespace Ferry.Migration.Wire;

/// <summary>What a source says of its machine before the first page.</summary>
internal sealed record MachineDescription
{
    internal const int MaxRegions = 64;
    internal const int MaxDevices = 256;
    internal const int MaxVcpus = 4096;
    internal const int MaxExtents = 4096;
    internal const int MaxTextChars = 256;

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    public required string Accelerator { get; init; }

    public required int VcpuCount { get; init; }

    public required uint VcpuStateVersion { get; init; }

    public required int PageBytes { get; init; }

    public required IReadOnlyList<DescribedRange> Memory { get; init; }

    public required IReadOnlyList<DescribedDevice> Devices { get; init; }

    public required int Channels { get; init; }

    public required PageCompression Compression { get; init; }

    public required bool Verify { get; init; }

    public required PopulateMode Populate { get; init; }

    /// <summary>What is worth populating, sorted and disjoint; a hint, since the guest goes on.</summary>
    public required IReadOnlyList<DescribedRange> Populated { get; init; }

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, DescriptionJson.Default.MachineDescription);

    /// <exception cref="StreamProtocolException">It is no description within the limits.</exception>
    internal static MachineDescription Parse(ReadOnlySpan<byte> json)
    {
        MachineDescription? description;
        try
        {
            description = JsonSerializer.Deserialize(json, DescriptionJson.Default.MachineDescription);
        }
        catch (JsonException e)
        {
            throw new StreamProtocolException($"The machine's description can't be read: {e.Message}");
        }

        DescriptionLimits.Check(description ?? throw new StreamProtocolException("The machine's description is null."));
        return description;
    }
}
