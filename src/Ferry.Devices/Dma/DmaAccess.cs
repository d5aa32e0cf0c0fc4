namespace Ferry.Devices.Dma;

/// <summary>What a device does to guest memory.</summary>
public enum DmaAccess
{
    /// <summary>It reads.</summary>
    Read,

    /// <summary>It writes; it may read too.</summary>
    Write,
}
