using System.Runtime.InteropServices;

namespace Ferry.Linux.Userfault;

/// <summary>What a userfaultfd says of a fault. Source: linux/userfaultfd.h, struct uffd_msg with arg.pagefault.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
[KernelStruct("uffd_msg", Fields = "event arg.pagefault.flags arg.pagefault.address")]
internal struct FaultMessage
{
    internal const byte PageFault = 0x12;

    [FieldOffset(0)]
    internal byte Event;

    [FieldOffset(8)]
    internal ulong Flags;

    [FieldOffset(16)]
    internal ulong Address;
}
