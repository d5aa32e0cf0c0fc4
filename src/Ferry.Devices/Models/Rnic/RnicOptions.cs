using Ferry.Devices.Dma;
using Ferry.Devices.Migration;
using Ferry.Memory;

namespace Ferry.Devices.Models;

/// <summary>How an <see cref="Rnic"/> is made.</summary>
public sealed record RnicOptions
{
    /// <summary>The largest message, in bytes.</summary>
    public const int MaxMessageBytes = 1 << 20;

    /// <summary>The bytes of a whole message: 64 to 1 MiB, a multiple of 64. The other side's must be the same.</summary>
    public int MessageBytes { get; init; } = 4096;

    /// <summary>The bytes of messages a second; null means as fast as buffers are posted, 0 none.</summary>
    public ulong? RateBytesPerSecond { get; init; }

    /// <summary>The size of the device's state beside its registers, in bytes: 0 to 1 GiB, a multiple of 64. The other side's must be the same.</summary>
    public int DeviceStateBytes { get; init; } = 1 << 20;

    /// <summary>Whether it has the P2P states.</summary>
    public bool P2P { get; init; } = true;

    /// <summary>Whether it has the PRE_COPY states.</summary>
    public bool PreCopy { get; init; } = true;

    /// <summary>Whether it logs its DMA writes.</summary>
    public bool DmaLogging { get; init; } = true;

    /// <summary>The page sizes at which it can log; at least one where <see cref="DmaLogging"/> is on.</summary>
    public IReadOnlyList<PageSize> LogPageSizes { get; init; } = [PageSize.Size4K, new(64 << 10), PageSize.Size2M];

    /// <summary>The most ranges that it logs: 1 to 4096.</summary>
    public int LogMaxRanges { get; init; } = 64;

    /// <summary>What its log reports. Where that is what is pinned, it pins its rings and posted buffers, whether it logs or not.</summary>
    public DmaLogMode LogMode { get; init; }

    /// <summary>Whether its client may watch the page table of the process that it is in.</summary>
    public bool SharesPageTable { get; init; }

    /// <summary>What the contents of its state are made of; travels with the state.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>What is wrong, one sentence each that begins with the option's name; empty where all is well.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (MessageBytes < RnicMessage.HeaderBytes || MessageBytes > MaxMessageBytes || MessageBytes % RnicMessage.HeaderBytes != 0)
        {
            problems.Add($"{nameof(MessageBytes)}: {MessageBytes} is not a multiple of {RnicMessage.HeaderBytes} from {RnicMessage.HeaderBytes} to {MaxMessageBytes}.");
        }

        if (DeviceStateBytes is < 0 or > StateSection.MaxLengthBytes || DeviceStateBytes % RnicConnections.LineBytes != 0)
        {
            problems.Add($"{nameof(DeviceStateBytes)}: {DeviceStateBytes} is not a multiple of {RnicConnections.LineBytes} from 0 to {StateSection.MaxLengthBytes}.");
        }

        if (DmaLogging && LogPageSizes.Count == 0)
        {
            problems.Add($"{nameof(LogPageSizes)}: logging needs at least one page size.");
        }

        if (LogMaxRanges is < 1 or > 4096)
        {
            problems.Add($"{nameof(LogMaxRanges)}: {LogMaxRanges} is not between 1 and 4096.");
        }

        return problems;
    }
}
