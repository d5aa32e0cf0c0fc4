namespace Ferry.Migration.Planning;

/// <summary>In which rounds the devices that can enter a P2P state for the dirty sync. Devices pay for it with their peer-to-peer DMA.</summary>
public enum P2PSyncPolicy
{
    /// <summary>In none; only the final sync finds the devices silent.</summary>
    Never,

    /// <summary>In the rounds near the end: those of <see cref="MigrationPlan.NearEndRound"/>.</summary>
    NearEnd,

    /// <summary>In each round.</summary>
    EachRound,
}
