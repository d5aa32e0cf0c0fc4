namespace Ferry.Conform;

/// <summary>How a device failed to answer.</summary>
public enum DeviceFault
{
    /// <summary>The connection has ended.</summary>
    Gone,

    /// <summary>No answer came in time.</summary>
    Silent,

    /// <summary>The answer breaks the protocol.</summary>
    Malformed,

    /// <summary>It was not asked: this host or process lacks what is needed to reach it.</summary>
    Unreachable,
}
