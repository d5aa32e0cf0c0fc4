namespace Ferry.VfioUser;

/// <summary>The error numbers that travel in replies. Source: asm-generic/errno-base.h, asm-generic/errno.h.</summary>
internal static class Errno
{
    internal const int NoEntry = 2;
    internal const int InputOutput = 5;
    internal const int TooBig = 7;
    internal const int NoAccess = 13;
    internal const int Fault = 14;
    internal const int Exists = 17;
    internal const int Invalid = 22;
    internal const int NotATerminal = 25;
    internal const int NoSpace = 28;
    internal const int NoSystemCall = 38;
    internal const int Protocol = 71;
    internal const int NotSupported = 95;
    internal const int NotConnected = 107;
    internal const int Max = 4095;
}
