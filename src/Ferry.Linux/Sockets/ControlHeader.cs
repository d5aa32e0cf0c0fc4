using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>What stands before a piece of control data, itself included in its length. Source: sys/socket.h, struct cmsghdr.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("cmsghdr", Fields = "cmsg_len cmsg_level cmsg_type")]
internal struct ControlHeader
{
    internal nuint LengthBytes;
    internal int Level;
    internal int Type;
}
