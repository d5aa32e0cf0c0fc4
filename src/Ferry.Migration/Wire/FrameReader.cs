using System.Buffers.Binary;
using System.Text;

namespace Ferry.Migration.Wire;

/// <summary>Takes the fields of a control frame's payload one after the other, within its bounds.</summary>
/// <remarks>What a newer minor version has appended is left over.</remarks>
internal ref struct FrameReader(ControlKind kind, ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _rest = payload;

    internal byte Byte() => Take(1)[0];

    internal ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    internal UInt128 UInt128() => BinaryPrimitives.ReadUInt128LittleEndian(Take(16));

    /// <summary>Everything that is left.</summary>
    internal ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    /// <summary>Everything that is left as text for people; what is no text or would move a terminal is replaced.</summary>
    internal string Text() => new([.. Encoding.UTF8.GetString(Rest()).Select(c => char.IsControl(c) ? (char)0x3f : c)]);

    private ReadOnlySpan<byte> Take(int bytes)
    {
        if (bytes > _rest.Length)
        {
            throw new StreamProtocolException($"A control frame {kind} ends {bytes - _rest.Length} bytes early.");
        }

        var taken = _rest[..bytes];
        _rest = _rest[bytes..];
        return taken;
    }
}
