using Ferry.Memory;

namespace Ferry.Devices.Dma;

/// <summary>Does DMA by asking the client, for memory that was mapped without a descriptor.</summary>
/// <remarks>Called from the device's threads. Source: QEMU docs/interop/vfio-user.rst, DMA_READ and DMA_WRITE.</remarks>
public interface IDmaMessages
{
    /// <summary>Reads guest memory; false where the client refused or is gone.</summary>
    bool TryRead(Iova start, Span<byte> data);

    /// <summary>Writes guest memory; false where the client refused or is gone.</summary>
    bool TryWrite(Iova start, ReadOnlySpan<byte> data);
}
