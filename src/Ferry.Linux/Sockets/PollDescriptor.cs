using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>What poll waits for on one descriptor. Source: poll.h, struct pollfd.</summary>
[StructLayout(LayoutKind.Sequential, Size = 8)]
[KernelStruct("pollfd", Fields = "fd events revents")]
internal struct PollDescriptor
{
    internal int Descriptor;
    internal short Events;
    internal short Returned;
}
