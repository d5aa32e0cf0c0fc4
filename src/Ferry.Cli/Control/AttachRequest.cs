using Ferry.Cli.MachineFiles;

namespace Ferry.Cli.Control;

/// <summary>One more device for a machine; its members are those of a <c>[[device]]</c> in a machine file.</summary>
internal sealed record AttachRequest
{
    /// <summary>The name, unique in the machine.</summary>
    public string Id { get; set; } = "";

    /// <summary>The model.</summary>
    public string Kind { get; set; } = DeviceSettings.Kinds[0];

    /// <summary>The absolute path of the socket on which the device process listens.</summary>
    public string Socket { get; set; } = "";

    /// <summary>How it reaches guest memory.</summary>
    public string Dma { get; set; } = DeviceSettings.SharedDma;

    /// <summary>Whether it is behind a virtual IOMMU.</summary>
    public bool Iommu { get; set; }

    /// <summary>The id of the device that it writes to by peer-to-peer DMA; null for none.</summary>
    public string? Peer { get; set; }

    /// <summary>The device, checked as far as it can be without the machine.</summary>
    /// <exception cref="ControlException">A member makes no sense; the message names it.</exception>
    public DeviceSettings ToSettings()
    {
        Require(MachineFileReader.IsName(Id) && Id != "vcpus", $"id '{Id}': expected {MachineFileReader.NameForm}, and not 'vcpus'");
        Require(DeviceSettings.Kinds.Contains(Kind), $"kind: {Values.NearestName.Suggest(Kind, DeviceSettings.Kinds)}");
        Require(DeviceSettings.DmaChoices.Contains(Dma), $"dma: {Values.NearestName.Suggest(Dma, DeviceSettings.DmaChoices)}");
        Require(Path.IsPathFullyQualified(Socket) && MachineFileReader.FindSocketProblem(Socket) is null, $"socket: {MachineFileReader.FindSocketProblem(Socket) ?? "expected an absolute path"}");
        Require(Peer is null || (MachineFileReader.IsName(Peer) && Peer != Id), $"peer '{Peer}': expected the id of another device");
        return new DeviceSettings(Id, Kind, Socket) { Dma = Dma, Iommu = Iommu, Peer = Peer };
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new ControlException(ControlErrors.BadRequest, $"attach: {problem}");
        }
    }
}
