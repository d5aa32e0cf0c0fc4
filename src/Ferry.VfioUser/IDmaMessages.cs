using Ferry.Memory;

namespace Ferry.VfioUser;

/// <summary>DMA by messages, for memory that was mapped without a descriptor: the client performs it.</summary>
/// <remarks>Thread-safe; also to be called in a call that the server makes to the device. Requests larger than the client takes at once
/// are split. Allocates nothing. Source: QEMU docs/interop/vfio-user.rst, DMA_READ and DMA_WRITE.</remarks>
public interface IDmaMessages
{
    /// <summary>Reads the client's memory from <paramref name="start"/>.</summary>
    /// <returns>False where the client refused, has gone or did not answer in time; <paramref name="data"/> is then undefined.</returns>
    bool TryRead(Iova start, Span<byte> data);

    /// <summary>Writes the client's memory from <paramref name="start"/>; when it returns the bytes are there.</summary>
    /// <returns>False where the client refused, has gone or did not answer in time; part of it may be written.</returns>
    bool TryWrite(Iova start, ReadOnlySpan<byte> data);
}
