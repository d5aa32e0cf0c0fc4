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

    internal bool Has(VfioMigrationFlags flags) => (Migration & flags) == flags;
}
