using Ferry.Memory;

namespace Ferry.VfioUser.Client;

/// <summary>Performs the DMA that a device asks for by messages.</summary>
/// <remarks>Called from the client's own thread, with ranges that lie in what was mapped and may be accessed so. Must not block for long:
/// the device waits, and so does whoever unmaps. Must not throw. Source: QEMU docs/interop/vfio-user.rst, DMA_READ and DMA_WRITE.</remarks>
public interface IDmaHandler
{
    /// <summary>Reads memory for the device.</summary>
    /// <returns>False where it can't be read; the device sees EFAULT.</returns>
    bool TryRead(Iova start, Span<byte> data);

    /// <summary>Writes memory for the device; whoever tracks its writes marks the pages before this returns.</summary>
    /// <returns>False where it can't be written; the device sees EFAULT.</returns>
    bool TryWrite(Iova start, ReadOnlySpan<byte> data);
}
