namespace Ferry.Bench.Model;

/// <summary>The machine that is moved, and what happens in it.</summary>
public sealed record Workload
{
    /// <summary>The guest's memory, in bytes; all of it is mapped for each device.</summary>
    public required double MemoryBytes { get; init; }

    /// <summary>What of it holds data, in bytes: it is sent with its contents.</summary>
    public required double DataBytes { get; init; }

    /// <summary>What of it is present and zero, in bytes: it is read, and only told to be zero. The rest was never touched.</summary>
    public double ZeroBytes { get; init; }

    /// <summary>What is left of a byte of data by the best compression; 1 for data that can't be compressed.</summary>
    public double CompressedPart { get; init; } = 1;

    /// <summary>Who writes.</summary>
    public required IReadOnlyList<WriterLoad> Writers { get; init; }

    /// <summary>The state of all devices that is sent while they are stopped, in bytes.</summary>
    public double DeviceStateBytes { get; init; }
}
