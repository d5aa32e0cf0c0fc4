using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Migration.Planning;

/// <summary>A device as the planner sees it.</summary>
public sealed record PlanDevice
{
    /// <summary>The name in the machine file; unique, and not <c>vcpus</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What migration it supports.</summary>
    public required VfioMigrationFlags Migration { get; init; }

    /// <summary>The page sizes at which it logs its own DMA; empty where it logs none.</summary>
    public IReadOnlyList<PageSize> LoggingPageSizes { get; init; } = [];

    /// <summary>The ids of the devices whose regions its DMA may reach; empty where it reaches guest memory alone.</summary>
    public IReadOnlyList<string> Reaches { get; init; } = [];

    /// <summary>In which rounds it enters a P2P state for the dirty sync; null for what <see cref="PlanRequest.P2PSync"/> says of all.</summary>
    public P2PSyncPolicy? P2PSync { get; init; }

    /// <summary>Whether it stops before the rounds begin while the rest goes on. It writes nothing from then on and needs no tracker; the
    /// machine has to hold back vCPUs that access it, and no device that runs on may reach it.</summary>
    public bool QuiesceEarly { get; init; }

    internal bool Has(VfioMigrationFlags flags) => (Migration & flags) == flags;
}
