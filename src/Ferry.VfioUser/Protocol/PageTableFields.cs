namespace Ferry.VfioUser.Protocol;

/// <summary>The lengths of the reply to feature PageTable.</summary>
/// <remarks>
/// <code>
///   0 argsz u32 | 4 flags u32 | 8 windows u32 | 12 kind u32 | then, 24 bytes each: iova u64, length u64, address u64
///   descriptors: userfaultfd, pagemap, both of the device's process
/// </code>
/// Bit 0 of kind says that the userfaultfd holds the kernel's writes too.
/// </remarks>
internal static class PageTableFields
{
    internal const int HeadBytes = FeatureHeader.Bytes + 8;
    internal const int WindowBytes = 24;
    internal const uint HoldsKernel = 1;
    internal const int MostWindows = 1024;
    internal const int MostBytes = HeadBytes + (MostWindows * WindowBytes);
}
