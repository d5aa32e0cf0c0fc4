using Ferry.Machine;

namespace Ferry.Cli.MachineFiles;

/// <summary>One <c>[[device]]</c> of a machine file.</summary>
/// <param name="Id">The name, unique in the machine and the same on both hosts.</param>
/// <param name="Kind">The model, for instance <c>rnic</c>; for a device of the kernel's any name.</param>
/// <param name="Socket">The absolute path of the vfio-user socket on which the device process listens; null for a device of the kernel's.</param>
internal sealed record DeviceSettings(string Id, string Kind, string? Socket)
{
    /// <summary>How it is taken from the kernel; null for a vfio-user device.</summary>
    public VfioAttachment? Vfio { get; init; }

    /// <summary>How it may reach guest memory: by a descriptor of its own, or by messages.</summary>
    public const string SharedDma = "shared", MediatedDma = "mediated";

    /// <summary>The ways to reach guest memory.</summary>
    public static IReadOnlyList<string> DmaChoices { get; } = [SharedDma, MediatedDma];

    /// <summary>How it reaches guest memory, one of <see cref="DmaChoices"/>.</summary>
    public string Dma { get; init; } = SharedDma;

    /// <summary>Whether it is behind a virtual IOMMU.</summary>
    public bool Iommu { get; init; }

    /// <summary>The id of the device that it writes to by peer-to-peer DMA; null for none.</summary>
    public string? Peer { get; init; }

    /// <summary>The models that vfio-user devices can be.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [MachineDevice.RnicKind];
}
