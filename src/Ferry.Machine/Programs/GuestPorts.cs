namespace Ferry.Machine.Programs;

/// <summary>The I/O ports by which a guest's program talks to the machine.</summary>
internal static class GuestPorts
{
    /// <summary>In, 32 bits: how many transfers may be done now (bits 0 to 15), and requests (<see cref="CheckRequested"/>).</summary>
    public const byte Budget = 0xF0;

    /// <summary>Out, 32 bits: an error was found; its code. Detail is in the control block.</summary>
    public const byte Error = 0xF1;

    /// <summary>Out, 32 bits: a self-check has ended; the number of errors is in the control block.</summary>
    public const byte CheckDone = 0xF2;

    /// <summary>In, 32 bits: nothing; gives the machine an occasion to stop the program on long work.</summary>
    public const byte Yield = 0xF3;

    /// <summary>In the budget: check everything now.</summary>
    public const uint CheckRequested = 1u << 31;
}
