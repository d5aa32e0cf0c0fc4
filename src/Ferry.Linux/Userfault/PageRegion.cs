using System.Runtime.InteropServices;

namespace Ferry.Linux.Userfault;

/// <summary>A run of pages that a scan found. Source: linux/fs.h, struct page_region.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
[KernelStruct("page_region")]
public readonly struct PageRegion
{
    /// <summary>The first address and the address behind the last.</summary>
    public readonly ulong Start, End;

    /// <summary>What holds for all its pages.</summary>
    public readonly ulong Categories;

    internal PageRegion(ulong start, ulong end) => (Start, End) = (start, end);
}
