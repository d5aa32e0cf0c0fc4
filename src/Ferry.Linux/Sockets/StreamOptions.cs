using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>What TCP sockets need beyond Unix sockets. Source: asm-generic/socket.h, linux/tcp.h, linux/socket.h, asm-generic/errno.h.</summary>
internal static class StreamOptions
{
    internal const int AddressFamilyInternet = 2;
    internal const int AddressFamilyInternet6 = 10;
    internal const int LevelTcp = 6;
    internal const int ReuseAddress = 2;
    internal const int KeepAlive = 9;
    internal const int ReceiveTimeout = 20;
    internal const int SendTimeout = 21;
    internal const int TcpNoDelay = 1;
    internal const int TcpKeepIdle = 4;
    internal const int TcpKeepInterval = 5;
    internal const int TcpUserTimeout = 18;
    internal const int MessageWaitAll = 0x100;
    internal const int InProgress = 115;

    internal static unsafe void Set(SafeFileHandle handle, int level, int name, int value, string subject)
    {
        if (SocketCalls.SetOption(handle, level, name, &value, sizeof(int)) != 0)
        {
            throw new KernelCallException("setsockopt", Marshal.GetLastPInvokeError(), $"{subject}, level {level}, option {name}, value {value}");
        }
    }
}
