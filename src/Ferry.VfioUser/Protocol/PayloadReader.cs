using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Ferry.VfioUser.Protocol;

/// <summary>Reads little-endian fields one after the other, and never beyond the payload.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload, VfioUserCommand command)
{
    private readonly int _totalBytes = payload.Length;
    private ReadOnlySpan<byte> _rest = payload;

    internal readonly int RemainingBytes => _rest.Length;

    /// <exception cref="VfioUserProtocolException">The payload ends before.</exception>
    internal ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    /// <exception cref="VfioUserProtocolException">The payload ends before.</exception>
    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    /// <exception cref="VfioUserProtocolException">The payload ends before.</exception>
    internal ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>A bitmap of whole words for <paramref name="pages"/> pages.</summary>
    /// <exception cref="VfioUserProtocolException">The payload ends before, or a page is set beyond those that were asked for: whoever sends
    /// that means other pages, so none of it can be relied on.</exception>
    internal ReadOnlySpan<ulong> Bitmap(ulong pages)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(Take((pages + 63) / 64 * sizeof(ulong)));
        if (pages % 64 != 0 && words[^1] >> (int)(pages % 64) != 0)
        {
            throw new VfioUserProtocolException($"{command}: the bitmap of {pages} pages has pages set beyond them.");
        }

        return words;
    }

    /// <exception cref="VfioUserProtocolException">The payload ends before.</exception>
    internal ReadOnlySpan<byte> Take(ulong countBytes)
    {
        if (countBytes > (ulong)_rest.Length)
        {
            throw new VfioUserProtocolException($"{command}: {_totalBytes} bytes of payload end {countBytes - (ulong)_rest.Length} too early.");
        }

        var taken = _rest[..(int)countBytes];
        _rest = _rest[(int)countBytes..];
        return taken;
    }
}
