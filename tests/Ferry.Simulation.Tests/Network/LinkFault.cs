namespace Ferry.Simulation.Tests.Network;

/// <summary>What befalls one direction of a connection once so many bytes have passed.</summary>
internal enum LinkFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The connection breaks; both sides see it.</summary>
    Cut,

    /// <summary>What is sent from there on is lost, and nobody is told.</summary>
    Swallow,

    /// <summary>One bit of the next byte is turned.</summary>
    Alter,

    /// <summary>Nothing comes through for a time.</summary>
    Stall,

    /// <summary>From there on bytes come one by one, a long time apart.</summary>
    Drip,
}
