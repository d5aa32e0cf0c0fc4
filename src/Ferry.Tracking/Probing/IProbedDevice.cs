using Ferry.Linux.Vfio;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>A VFIO device that a probe has open, which nobody else has then.</summary>
internal interface IProbedDevice : IDisposable
{
    /// <summary>Its DMA log.</summary>
    IDeviceLogCalls Log { get; }

    /// <summary>What migration it supports.</summary>
    VfioMigrationFlags GetMigrationFlags();

    /// <summary>Whether it logs its DMA.</summary>
    bool HasDmaLog();

    /// <summary>Why the IOMMU before it can't track it; null where it can.</summary>
    string? FindIommuObstacle();
}
