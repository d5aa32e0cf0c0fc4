namespace Ferry.Cli.MachineFiles;

/// <summary>The <c>[ledger]</c> table: what the guest program does.</summary>
internal sealed record LedgerSettings
{
    /// <summary>The memory that the program works on.</summary>
    public ulong WorkingSetBytes { get; init; } = 16 << 20;

    /// <summary>How fast it dirties memory, in bytes of pages a second; 0 for not at all, <see cref="Values.RateText.Unlimited"/> for as fast as it can.</summary>
    public ulong DirtyRateBytesPerSecond { get; init; } = 8 << 20;

    /// <summary>The most memory of each device's message buffers, which is the device's working set.</summary>
    public ulong NicWorkingSetBytes { get; init; } = 16 << 20;

    /// <summary>The distance in bytes of the words that are checked of a message: a multiple of 8, at most 4096.</summary>
    public uint CheckStrideBytes { get; init; } = 512;

    /// <summary>The seed of the program's random choices and of the fill.</summary>
    public ulong Seed { get; init; } = 1;
}
