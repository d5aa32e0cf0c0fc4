using System.Runtime.InteropServices;

namespace Ferry.Linux.Userfault;

/// <summary>What to scan for. Source: linux/fs.h, struct pm_scan_arg.</summary>
[StructLayout(LayoutKind.Sequential, Size = 96)]
[KernelStruct("pm_scan_arg")]
internal struct PagemapScanArgument
{
    internal ulong Size, Flags, Start, End, WalkEnd, Vec, VecLen, MaxPages, CategoryInverted, CategoryMask, CategoryAnyofMask, ReturnMask;
}
