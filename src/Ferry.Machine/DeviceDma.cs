namespace Ferry.Machine;

/// <summary>How a device reaches guest memory.</summary>
public enum DeviceDma
{
    /// <summary>It maps guest memory by its descriptor and writes it itself.</summary>
    Shared,

    /// <summary>It has no descriptor: each access is a message that the machine's process checks, performs and, where it is tracked, marks.</summary>
    Mediated,
}
