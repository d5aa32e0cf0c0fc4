namespace Ferry.Cli.MachineFiles;

/// <summary>One <c>[[device]]</c> of a machine file.</summary>
/// <param name="Id">The name, unique in the machine and the same on both hosts.</param>
/// <param name="Kind">The model, for instance <c>rnic</c>.</param>
/// <param name="Socket">The absolute path of the vfio-user socket on which the device process listens.</param>
internal sealed record DeviceSettings(string Id, string Kind, string Socket)
{
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

    /// <summary>The models that a machine can have.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["rnic"];
}
