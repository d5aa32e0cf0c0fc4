namespace Ferry.Linux.Sockets;

/// <summary>The error numbers that socket calls are told apart by. Source: asm-generic/errno-base.h, asm-generic/errno.h.</summary>
internal static class SocketErrno
{
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int Again = 11;
    internal const int Exists = 17;
    internal const int AddressInUse = 98;
    internal const int ConnectionAborted = 103;
    internal const int ConnectionRefused = 111;
}
