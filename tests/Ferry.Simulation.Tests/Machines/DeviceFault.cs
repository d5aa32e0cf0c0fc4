namespace Ferry.Simulation.Tests.Machines;

/// <summary>How a device fails.</summary>
internal enum DeviceFault
{
    /// <summary>It doesn't.</summary>
    None,

    /// <summary>It refuses an arc and stays in the state that it was in.</summary>
    Refuse,

    /// <summary>It is in ERROR after an arc.</summary>
    Error,

    /// <summary>It takes long for an arc.</summary>
    Slow,

    /// <summary>Its state can't be read.</summary>
    Read,

    /// <summary>Its state can't be written.</summary>
    Write,

    /// <summary>It loses a byte of its state when it is read.</summary>
    LoseState,
}
