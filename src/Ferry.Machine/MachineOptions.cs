using Ferry.Memory;

namespace Ferry.Machine;

/// <summary>What a machine is; the same on source and destination.</summary>
public sealed record MachineOptions
{
    /// <summary>The least memory that the program's own structures leave room in.</summary>
    public const ulong MinMemoryBytes = 16 << 20;

    /// <summary>The most memory.</summary>
    public const ulong MaxMemoryBytes = 1UL << 40;

    /// <summary>The most vCPUs.</summary>
    public const int MaxVcpus = 32;

    /// <summary>The most devices.</summary>
    public const int MaxDevices = 16;

    /// <summary>The name, for people.</summary>
    public string Name { get; init; } = "machine";

    /// <summary>Guest memory in bytes, made of whole pages of 2 MiB.</summary>
    public ulong MemoryBytes { get; init; } = 1UL << 30;

    /// <summary>The number of vCPUs, 1 to 32.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Null for ordinary pages, else the size of the huge pages that back guest memory.</summary>
    public PageSize? HugePageSize { get; init; }

    /// <summary>Null for KVM where it can be used and threads where not.</summary>
    public AcceleratorKind? Accelerator { get; init; }

    /// <summary>Which tracker of vCPU writes the machine is created for, where it runs on KVM.</summary>
    public VcpuTracking Tracking { get; init; }

    /// <summary>The memory that the program's transfers are spread over, in bytes; made of whole pages, at least one a vCPU.</summary>
    public ulong WorkingSetBytes { get; init; } = 16 << 20;

    /// <summary>The rate at which it writes pages, in bytes of written pages a second; null for as fast as it can.</summary>
    public ulong? DirtyBytesPerSecond { get; init; } = 8 << 20;

    /// <summary>The memory of each NIC's buffers in bytes, at most; what it holds is the NIC's working set.</summary>
    public ulong NicWorkingSetBytes { get; init; } = 16 << 20;

    /// <summary>The distance of the words that are checked of a message, in bytes: a multiple of 8, 8 to 4096.</summary>
    public uint CheckStrideBytes { get; init; } = 512;

    /// <summary>The seed of the program's random choices and of the fill.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The devices, in order; the first are driven by the first vCPUs, one each.</summary>
    public IReadOnlyList<MachineDevice> Devices { get; init; } = [];

    /// <summary>The size of each vCPU's dirty ring; a test takes a small one, which fills up.</summary>
    internal int DirtyRingEntries { get; init; } = Ferry.Tracking.Providers.KvmRingTracker.UsualEntries;

    /// <summary>How many turns of the program may pass between two harvests of the dirty rings; a turn makes a few hundred entries.</summary>
    internal uint TurnsPerHarvest { get; init; } = 64;

    /// <summary>What is wrong with it, each with the value and the limit; empty where nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        void Check(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }

        Check(MemoryBytes >= MinMemoryBytes && MemoryBytes % PageSize.Size2M.Bytes == 0 && MemoryBytes <= MaxMemoryBytes,
            $"memory: {MemoryBytes} bytes; it is made of whole pages of 2 MiB, 16 MiB to 1 TiB");
        Check(VcpuCount is >= 1 and <= MaxVcpus, $"vcpus: {VcpuCount}; 1 to {MaxVcpus}");
        Check(WorkingSetBytes % 4096 == 0 && WorkingSetBytes / 4096 >= (ulong)Math.Max(VcpuCount, 1),
            $"working-set: {WorkingSetBytes} bytes; it is made of whole pages of 4096 bytes, at least one a vCPU");
        Check(CheckStrideBytes is >= 8 and <= 4096 && CheckStrideBytes % 8 == 0, $"check-stride: {CheckStrideBytes}; a multiple of 8, 8 to 4096");
        Check(Devices.Count <= MaxDevices, $"devices: {Devices.Count}; at most {MaxDevices}");
        Check(Devices.DistinctBy(device => device.Id).Count() == Devices.Count, "devices: two have the same id");
        problems.AddRange(Devices.Select(device => device.FindProblem()).OfType<string>());
        return problems;
    }
}
