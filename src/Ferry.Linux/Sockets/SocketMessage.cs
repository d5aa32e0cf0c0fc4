using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>What sendmsg and recvmsg work on. Source: sys/socket.h, struct msghdr.</summary>
[StructLayout(LayoutKind.Sequential, Size = 56)]
[KernelStruct("msghdr", Fields = "msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags")]
internal unsafe struct SocketMessage
{
    internal void* Address;
    internal uint AddressBytes;
    internal IoVector* Vectors;
    internal nuint VectorCount;
    internal void* Control;
    internal nuint ControlBytes;
    internal int Flags;
}
