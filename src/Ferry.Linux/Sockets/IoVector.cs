using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>One piece of memory of a vectored call. Source: sys/uio.h, struct iovec.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("iovec", Fields = "iov_base iov_len")]
internal unsafe struct IoVector(void* start, nuint lengthBytes)
{
    internal void* Start = start;
    internal nuint LengthBytes = lengthBytes;
}
