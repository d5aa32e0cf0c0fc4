using Ferry.Linux.Vfio;

namespace Ferry.Machine;

/// <summary>A device that a machine has: a process that serves vfio-user, or a device of the kernel's.</summary>
/// <param name="Id">The name; unique in the machine and the same on both hosts.</param>
/// <param name="Kind">What it is: <c>rnic</c>, which the guest's program drives, or for a device of the kernel's anything else.</param>
/// <param name="Socket">Where its process serves vfio-user; null for a device of the kernel's.</param>
public sealed record MachineDevice(string Id, string Kind, string? Socket = null)
{
    /// <summary>The kind that the guest's program drives.</summary>
    public const string RnicKind = "rnic";

    /// <summary>How it is taken from the kernel; null for a vfio-user device.</summary>
    public VfioAttachment? Vfio { get; init; }

    /// <summary>How it reaches guest memory; the two hosts may differ in it.</summary>
    public DeviceDma Dma { get; init; }

    /// <summary>Whether it is behind a virtual IOMMU, by which the guest maps and unmaps what the device reaches; the same on both hosts.</summary>
    public bool Iommu { get; init; }

    /// <summary>The id of the device whose mailbox it writes into by peer-to-peer DMA; null for none.</summary>
    public string? Peer { get; init; }

    /// <summary>What can't be, with what would help; null where nothing is wrong.</summary>
    internal string? FindProblem()
    {
        if (Socket is null == Vfio is null)
        {
            return $"device {Id}: it has {(Socket is null ? "neither a socket nor an address in the kernel" : "both a socket and an address in the kernel")}; it has one of them";
        }

        if (Vfio is not { } vfio)
        {
            return Kind == RnicKind ? null : $"device {Id}: what listens at {Socket} can be no {Kind}; a vfio-user device of a machine is an {RnicKind}";
        }

        return !VfioPlace.IsAddress(vfio.Address) ? $"device {Id}: '{vfio.Address}' is neither a PCI address as 0000:01:00.0 nor a UUID"
            : vfio is { Opening: VfioOpening.Cdev, Space: VfioSpace.Container } ? $"device {Id}: a container takes groups, not devices by their own files; open it by its group, or put it into an IOAS"
            : Dma != DeviceDma.Shared || Iommu || Peer is not null ? $"device {Id}: mediated DMA, a virtual IOMMU and peers are for vfio-user devices"
            : null;
    }
}
