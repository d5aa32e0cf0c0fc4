namespace Ferry.Machine;

/// <summary>A device that a machine has.</summary>
/// <param name="Id">The name; unique in the machine and the same on both hosts.</param>
/// <param name="Kind">The model, <c>rnic</c>.</param>
/// <param name="Socket">Where its process serves vfio-user.</param>
public sealed record MachineDevice(string Id, string Kind, string Socket)
{
    /// <summary>How it reaches guest memory; the two hosts may differ in it.</summary>
    public DeviceDma Dma { get; init; }

    /// <summary>Whether it is behind a virtual IOMMU, by which the guest maps and unmaps what the device reaches; the same on both hosts.</summary>
    public bool Iommu { get; init; }

    /// <summary>The id of the device whose mailbox it writes into by peer-to-peer DMA; null for none.</summary>
    public string? Peer { get; init; }
}
