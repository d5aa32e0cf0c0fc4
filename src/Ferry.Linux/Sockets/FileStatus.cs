using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>What statx says of a file, as far as it is used here. Source: linux/stat.h, struct statx.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
[KernelStruct("statx", Fields = "stx_mode")]
internal struct FileStatus
{
    internal const ushort TypeMask = 0xf000;
    internal const ushort TypeSocket = 0xc000;

    [FieldOffset(28)]
    internal ushort Mode;
}
