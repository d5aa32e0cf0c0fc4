namespace Ferry.Cli.Documents;

/// <summary>What <c>status</c> tells of a machine.</summary>
internal sealed record MachineStatus
{
    /// <summary>The machine's name.</summary>
    public required string Name { get; init; }

    /// <summary>The process that holds it.</summary>
    public required int ProcessId { get; init; }

    /// <summary><c>running</c>, <c>paused</c>, <c>migrating</c>, <c>waiting</c> (for a machine to arrive), <c>arriving</c>, <c>in-doubt</c>,
    /// <c>moved</c> (it runs elsewhere) or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>Why, where the state needs a reason.</summary>
    public string? Reason { get; init; }

    /// <summary><c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>The number of vCPUs.</summary>
    public required int Vcpus { get; init; }

    /// <summary>The size of guest memory.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>Where <c>receive</c> listens, or null.</summary>
    public string? Listening { get; init; }

    /// <summary>What the guest program tells of itself; null before it runs here.</summary>
    public GuestStatus? Guest { get; init; }

    /// <summary>The devices.</summary>
    public required IReadOnlyList<DeviceStatus> Devices { get; init; }

    /// <summary>What the devices went through when the machine arrived here; null where it did not.</summary>
    public IReadOnlyList<DeviceDocument>? Arrived { get; init; }

    /// <summary>The migration that is under way, or null.</summary>
    public ProgressDocument? Migration { get; init; }
}
