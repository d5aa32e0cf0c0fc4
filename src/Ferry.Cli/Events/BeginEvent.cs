using Ferry.Cli.Control;
using Ferry.Migration.Planning;

namespace Ferry.Cli.Events;

/// <summary>What was known when a migration began.</summary>
internal sealed record BeginEvent
{
    /// <summary>The wall clock's time at which the lines' seconds are zero.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The version of Ferry.</summary>
    public required string Ferry { get; init; }

    /// <summary><c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>The size of guest memory.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The number of vCPUs.</summary>
    public required int Vcpus { get; init; }

    /// <summary>The devices' names in the machine file.</summary>
    public required IReadOnlyList<string> Devices { get; init; }

    /// <summary>What was asked for; null on a destination.</summary>
    public MigrateRequest? Policy { get; init; }

    /// <summary>The sequence that it led to; null on a destination.</summary>
    public PlanDocument? Plan { get; init; }
}
