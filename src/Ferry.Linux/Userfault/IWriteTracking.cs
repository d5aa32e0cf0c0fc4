using Ferry.Memory;

namespace Ferry.Linux.Userfault;

/// <summary>Tells which pages of a process's mappings that process wrote.</summary>
/// <remarks>Addresses are those of that process. One thread at a time. Disposing ends all tracking.</remarks>
public interface IWriteTracking : IDisposable
{
    /// <summary>Starts seeing writes to [<paramref name="start"/>, start + <paramref name="lengthBytes"/>), which are page aligned and mapped.</summary>
    /// <exception cref="KernelCallException">The kernel refused; nothing is left started there.</exception>
    void Start(Hva start, ulong lengthBytes);

    /// <summary>Stops seeing writes there; writes are no longer slowed down.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    void Stop(Hva start, ulong lengthBytes);

    /// <summary>Finds pages written since they were last found or protected, from <paramref name="start"/>, and protects them again.</summary>
    /// <param name="start">Where to begin; moved to where it got, which is <paramref name="end"/> when all is done.</param>
    /// <param name="end">Where to end, exclusive.</param>
    /// <returns>Some runs of written pages; valid until the next call. Call again until <paramref name="start"/> reaches the end.</returns>
    /// <exception cref="KernelCallException">The kernel refused; pages found meanwhile may be lost, so all count as written.</exception>
    ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end);
}
