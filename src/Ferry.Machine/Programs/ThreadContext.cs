namespace Ferry.Machine.Programs;

/// <summary>The offsets in the block through which a program on a host thread and the machine exchange its registers and its exits.</summary>
internal static class ThreadContext
{
    /// <summary>Sixteen registers of 8 bytes in the processor's numbering: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15.</summary>
    public const int Registers = 0;

    /// <summary>Where the program goes on.</summary>
    public const int Rip = 0x80;

    /// <summary>The host's stack pointer while the program runs.</summary>
    public const int HostStack = 0x88;

    /// <summary>What kind of exit: <see cref="KindPortIn"/> and the others.</summary>
    public const int Kind = 0x90;

    /// <summary>The port or the address.</summary>
    public const int Address = 0x98;

    /// <summary>Where the doorbell page is mapped in this process; 0 where it is not.</summary>
    public const int Doorbells = 0xA0;

    /// <summary>The block's size in bytes.</summary>
    public const int Bytes = 4096;

    public const int RegisterCount = 16;
    public const int Rax = 0;
    public const int Rbx = 3;
    public const int Rsp = 4;
    public const int Rbp = 5;
    public const int R14 = 14;
    public const uint KindPortIn = 1;
    public const uint KindPortOut = 2;
    public const uint KindMmioRead = 3;
    public const uint KindMmioWrite = 4;
}
