using System.Runtime.InteropServices;
using Ferry.Memory;

namespace Ferry.Linux.Sockets;

/// <summary>A piece of this process's memory that the kernel reads or writes in place.</summary>
/// <remarks>Whoever makes one keeps the memory mapped, and where the collector could move it pinned, until the call returns.
/// Source: sys/uio.h, struct iovec, which has the same layout.</remarks>
/// <param name="start">The first byte.</param>
/// <param name="lengthBytes">How many bytes.</param>
[StructLayout(LayoutKind.Sequential, Size = 16)]
[KernelStruct("iovec", Fields = "iov_base iov_len")]
public readonly struct MemorySegment(Hva start, nuint lengthBytes)
{
    /// <summary>The first byte.</summary>
    public Hva Start { get; } = start;

    /// <summary>How many bytes.</summary>
    public nuint LengthBytes { get; } = lengthBytes;
}
