using Ferry.Cli.Commands;
using Ferry.Cli.Control;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Policies;

namespace Ferry.Cli.Demo;

/// <summary>What the demo shows.</summary>
internal sealed record DemoSettings
{
    /// <summary>The size of guest memory.</summary>
    public ulong MemoryBytes { get; init; } = 1 << 30;

    /// <summary>What the memory beyond the guest program's is filled with, as the machine file has it.</summary>
    public string Fill { get; init; } = "mixed:256M";

    /// <summary>The number of vCPUs.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Whether guest memory is made of huge pages.</summary>
    public bool HugePages { get; init; }

    /// <summary>What runs the guest.</summary>
    public string Accelerator { get; init; } = "auto";

    /// <summary>What KVM is set up to track vCPU writes by, as the machine file has it: what the policy prefers.</summary>
    public string VcpuTracker =>
        SourceSettings.Resolve(Migrate.Rules, "vcpus", isDevice: false).With.Value.FirstOrDefault(MachineFileReader.VcpuTrackers.Contains) ?? MachineFileReader.VcpuTrackers[0];

    /// <summary>What the guest program does.</summary>
    public LedgerSettings Ledger { get; init; } = new() { WorkingSetBytes = 32 << 20 };

    /// <summary>What each device lacks: some of <see cref="Abilities"/>. There are as many devices as entries; each vCPU drives one, and
    /// further ones are there and idle.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Nics { get; init; } = [[]];

    /// <summary>Whether each device also writes into the next one by peer-to-peer DMA.</summary>
    public bool NicPeers { get; init; }

    /// <summary>What a device may lack, as its options say.</summary>
    public static string[] Abilities { get; } = ["p2p", "pre-copy", "dma-log"];

    /// <summary>The bytes of a device message.</summary>
    public ulong NicMessageBytes { get; init; } = 4096;

    /// <summary>The bytes of messages that the device writes a second.</summary>
    public ulong NicRateBytesPerSecond { get; init; } = 8 << 20;

    /// <summary>How each device reaches guest memory, as the machine file has it.</summary>
    public string NicDma { get; init; } = DeviceSettings.SharedDma;

    /// <summary>Whether each device is behind a virtual IOMMU.</summary>
    public bool NicIommu { get; init; }

    /// <summary>What the devices' logs report, as their option has it.</summary>
    public string NicLog { get; init; } = RnicCommand.LogModes[0];

    /// <summary>Whether the devices let the machine watch their page tables.</summary>
    public bool NicPageTable { get; init; }

    /// <summary>How long the guest works before it is moved.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The collector that both hosts send measurements to; null for none.</summary>
    public string? Otlp { get; init; }

    /// <summary>How it is moved.</summary>
    public required MigrateRequest Migrate { get; init; }
}
