using System.Runtime.InteropServices;

namespace Ferry.Linux.Sockets;

/// <summary>What statx says of a file, as far as it is used here. Source: linux/stat.h, struct statx.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
[KernelStruct("statx", Fields = "stx_mode")]
internal struct FileStatus
{
    internal const ushort TypeMask = 0xf000;
    internal const ushort TypeSocket = 0xc000;
    internal const ushort TypeLink = 0xa000;
    internal const ushort TypeRegular = 0x8000;
    internal const ushort TypeFolder = 0x4000;
    internal const ushort TypePipe = 0x1000;

    [FieldOffset(28)]
    internal ushort Mode;
}
