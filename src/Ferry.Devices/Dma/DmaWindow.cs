using Ferry.Linux;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Devices.Dma;

/// <summary>One mapping of the client: mapped here, or reached by messages.</summary>
internal sealed class DmaWindow : IDisposable
{
    private readonly MappedMemory? _memory;
    private readonly bool _read;
    private readonly bool _write;

    private DmaWindow(IovaRange range, bool read, bool write, MappedMemory? memory) =>
        (Range, _read, _write, _memory) = (range, read, write, memory);

    public IovaRange Range { get; }

    public static DmaWindow Create(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        if (file is null)
        {
            return new DmaWindow(range, read, write, null);
        }

        CheckLength(file, fileOffset, range);
        try
        {
            var protection = MemoryProtection.Read | (write ? MemoryProtection.Write : MemoryProtection.None);
            return new DmaWindow(range, read, write, MappedMemory.MapShared(file, fileOffset, range.LengthBytes, protection));
        }
        catch (KernelCallException e)
        {
            throw new VfioUserException(e.Errno, $"{range} can't be mapped from offset 0x{fileOffset:x}: {e.Message}");
        }
    }

    /// <summary>Whether it is mapped here; else it is reached by messages.</summary>
    public bool IsMapped => _memory is not null;

    /// <summary>Where it is mapped; only where it is.</summary>
    public Hva Address => _memory!.Address;

    public bool Allows(DmaAccess access) => access == DmaAccess.Write ? _write : _read;

    /// <summary>How many of <paramref name="wantedBytes"/> from an address in the window lie in it.</summary>
    public int LengthFrom(Iova start, int wantedBytes) => (int)Math.Min((ulong)wantedBytes - 1, Range.Last.Value - start.Value) + 1;

    public bool TryGetSpan(Iova start, int lengthBytes, out Span<byte> bytes)
    {
        var offset = start.Value - Range.Start.Value;
        if (_memory is null || (ulong)lengthBytes > Range.LengthBytes - offset)
        {
            bytes = default;
            return false;
        }

        bytes = _memory.GetSpan(offset, lengthBytes);
        return true;
    }

    public void Dispose() => _memory?.Dispose();

    // Touching a mapping beyond the end of its file ends the process.
    private static void CheckLength(SafeFileHandle file, ulong fileOffset, IovaRange range)
    {
        long fileBytes;
        try
        {
            fileBytes = RandomAccess.GetLength(file);
        }
        catch (NotSupportedException)
        {
            fileBytes = long.MaxValue;
        }

        if (fileOffset > (ulong)fileBytes || range.LengthBytes > (ulong)fileBytes - fileOffset)
        {
            throw new VfioUserException(Errno.Invalid, $"{range} from offset 0x{fileOffset:x} ends beyond its file of {fileBytes} bytes.");
        }
    }
}
