namespace Ferry.Cli.MachineFiles;

/// <summary>A machine as its file describes it, checked. The format is described in docs/machine-file.md.</summary>
internal sealed record MachineFile
{
    /// <summary>The machine's name.</summary>
    public required string Name { get; init; }

    /// <summary>The size of guest memory.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The number of vCPUs.</summary>
    public int VcpuCount { get; init; } = 1;

    /// <summary>Whether guest memory is made of huge pages.</summary>
    public bool HugePages { get; init; }

    /// <summary>Whether memory is made present before the machine starts, because first touches are slow.</summary>
    public bool Populate { get; init; } = true;

    /// <summary>What runs the guest.</summary>
    public AcceleratorChoice Accelerator { get; init; }

    /// <summary>What KVM is set up to track vCPU writes by, <c>kvm-log</c> or <c>kvm-ring</c>: it has to be known before the first vCPU.</summary>
    public string VcpuTracker { get; init; } = "kvm-log";

    /// <summary>What memory beyond the guest program's is filled with.</summary>
    public FillSettings Fill { get; init; } = FillSettings.Zero;

    /// <summary>What the guest program does.</summary>
    public LedgerSettings Ledger { get; init; } = new();

    /// <summary>The devices, in the order of the file.</summary>
    public IReadOnlyList<DeviceSettings> Devices { get; init; } = [];

    /// <summary>Where the control socket is.</summary>
    public required string ControlSocket { get; init; }
}
