using Microsoft.Win32.SafeHandles;

namespace Ferry.VfioUser.Client;

/// <summary>A region that a device shares as a file, to be mapped for another device, which then reaches it by DMA.</summary>
/// <param name="File">The file; the caller's to dispose.</param>
/// <param name="FileOffsetBytes">Where the region begins in it.</param>
/// <param name="Info">The region; its areas are what may be mapped.</param>
public sealed record VfioUserSharedRegion(SafeFileHandle File, ulong FileOffsetBytes, VfioUserRegionInfo Info) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
