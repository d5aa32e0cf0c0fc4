namespace Ferry.Migration.Planning;

/// <summary>What comes first when the machine is quiesced: the vCPUs or the devices' peer-to-peer DMA.</summary>
public enum QuiescePolicy
{
    /// <summary>The vCPUs stop, then the devices enter a P2P state: nobody rings a doorbell during the grace.</summary>
    VcpusFirst,

    /// <summary>The devices enter a P2P state while the vCPUs still run, which takes the time of these arcs out of the downtime.</summary>
    DevicesFirst,
}
