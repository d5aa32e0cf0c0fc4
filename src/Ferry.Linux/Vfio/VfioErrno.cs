namespace Ferry.Linux.Vfio;

/// <summary>The error numbers that mean something here. Source: asm-generic/errno-base.h, asm-generic/errno.h.</summary>
internal static class VfioErrno
{
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int TooBig = 7;
    internal const int NoMemory = 12;
    internal const int BadAddress = 14;
    internal const int Busy = 16;
    internal const int Exists = 17;
    internal const int NoDevice = 19;
    internal const int Invalid = 22;
    internal const int NotATerminal = 25;
    internal const int NoSpace = 28;
    internal const int NoMessage = 42;
    internal const int MessageSize = 90;
    internal const int NotSupported = 95;
    internal const int AddressInUse = 98;
}
