using System.Buffers.Binary;
using System.IO.Hashing;
using Ferry.VfioUser;

namespace Ferry.Devices.Migration;

/// <summary>Takes the stream that <see cref="StateSaver"/> gives, cut anywhere, into the sections of a device that does not run.</summary>
/// <remarks>Nothing is trusted: lengths and offsets are checked before use, and memory does not grow with what arrives. Bytes go straight
/// into the sections, so after a refusal these hold parts of two states, and only a reset makes the device usable. Not thread-safe.</remarks>
public sealed class StateLoader
{
    private readonly string _model;
    private readonly uint _version;
    private readonly StateSection[] _sections;
    private readonly XxHash3 _hash = new();
    private readonly byte[] _head;
    private readonly int[] _receivedBytes;
    private Phase _phase;
    private int _headLength;
    private int _headWanted;
    private StateSection? _section;
    private int _offset;
    private int _left;
    private uint _ordinal;
    private ulong _pieceBytes;

    /// <summary>A loader for a device of that description, with no session open; see <see cref="StateSaver"/> for its limits.</summary>
    /// <exception cref="ArgumentException">The name or the sections are beyond the limits, or two have the same id.</exception>
    public StateLoader(string model, uint version, IReadOnlyList<StateSection> sections)
    {
        StateSaver.CheckDescription(model, sections);
        (_model, _version, _sections) = (model, version, [.. sections]);
        _head = new byte[StateStream.PrologueBytes + (_sections.Length * StateStream.TableEntryBytes)];
        _receivedBytes = new int[_sections.Length];
    }

    private enum Phase
    {
        Closed,
        Prologue,
        Record,
        Piece,
        Ended,
        Refused,
    }

    /// <summary>Opens a session; what an earlier one brought no longer counts.</summary>
    public void Open()
    {
        (_ordinal, _pieceBytes) = (0, 0);
        Array.Clear(_receivedBytes);
        Expect(Phase.Prologue, _head.Length);
    }

    /// <summary>Ends the session, wherever it is.</summary>
    public void Close() => _phase = Phase.Closed;

    /// <summary>Takes the next bytes.</summary>
    /// <exception cref="VfioUserException">EINVAL: the bytes are not such a stream, or one of another device; the session is refused as a
    /// whole, and so is whatever follows.</exception>
    /// <exception cref="InvalidOperationException">No session is open.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (_phase == Phase.Closed)
        {
            throw new InvalidOperationException("No session is open.");
        }

        while (!data.IsEmpty)
        {
            data = _phase switch
            {
                Phase.Prologue or Phase.Record => TakeHead(data),
                Phase.Piece => TakePiece(data),
                Phase.Ended => throw Refuse($"{data.Length} bytes follow the end"),
                _ => throw Refuse("more follows what was refused"),
            };
        }
    }

    /// <summary>Says that no more will come, and closes the session.</summary>
    /// <exception cref="VfioUserException">EINVAL: the stream was cut, empty or refused.</exception>
    public void Complete()
    {
        var phase = _phase;
        Close();
        if (phase != Phase.Ended)
        {
            throw Refuse(phase == Phase.Refused ? "it was refused before" : $"it was cut in record {_ordinal}");
        }
    }

    private void Expect(Phase phase, int headBytes) => (_phase, _headLength, _headWanted) = (phase, 0, headBytes);

    private VfioUserException Refuse(string why)
    {
        _phase = _phase == Phase.Closed ? Phase.Closed : Phase.Refused;
        return new VfioUserException(Errno.Invalid, $"The state of {_model} can't be taken: {why}.");
    }

    private ReadOnlySpan<byte> TakeHead(ReadOnlySpan<byte> data)
    {
        var length = Math.Min(data.Length, _headWanted - _headLength);
        data[..length].CopyTo(_head.AsSpan(_headLength));
        _headLength += length;
        if (_headLength == _headWanted)
        {
            if (_phase == Phase.Prologue)
            {
                ParsePrologue(_head);
            }
            else
            {
                ParseRecord(_head);
            }
        }

        return data[length..];
    }

    private void ParsePrologue(ReadOnlySpan<byte> head)
    {
        Span<byte> model = stackalloc byte[StateStream.ModelBytes];
        StateStream.WriteModel(model, _model);
        var (magic, format) = (BinaryPrimitives.ReadUInt64LittleEndian(head), BinaryPrimitives.ReadUInt16LittleEndian(head[8..]));
        if (magic != StateStream.Magic || format != StateStream.Format)
        {
            throw Refuse($"it begins with 0x{magic:x} and format {format}, not with 0x{StateStream.Magic:x} and {StateStream.Format}");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(head[12..]);
        if (version != _version || !head.Slice(16, StateStream.ModelBytes).SequenceEqual(model))
        {
            throw Refuse($"it is of another model, or of version {version} where this device has {_version}");
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(head[32..]);
        if (count != _sections.Length)
        {
            throw Refuse($"it has {count} sections, this device {_sections.Length}");
        }

        for (var i = 0; i < _sections.Length; i++)
        {
            var entry = head[(StateStream.PrologueBytes + (i * StateStream.TableEntryBytes))..];
            var id = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            var length = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            if (id != _sections[i].Id || length != (ulong)_sections[i].Bytes.Length)
            {
                throw Refuse($"its section {id} has {length} bytes, this device expects section {_sections[i].Id} with {_sections[i].Bytes.Length}");
            }
        }

        _hash.Reset();
        _hash.Append(head[..StateStream.PrologueChecksumOffset]);
        _hash.Append(head[StateStream.PrologueBytes..]);
        CheckHash(head[StateStream.PrologueChecksumOffset..]);
        Expect(Phase.Record, StateStream.RecordBytes);
    }

    private void ParseRecord(ReadOnlySpan<byte> head)
    {
        var kind = BinaryPrimitives.ReadUInt32LittleEndian(head);
        var id = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(head[8..]);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head[16..]);
        var ordinal = BinaryPrimitives.ReadUInt32LittleEndian(head[20..]);
        if (ordinal != _ordinal)
        {
            throw Refuse($"record {ordinal} comes where {_ordinal} is due");
        }

        _hash.Reset();
        _hash.Append(head[..StateStream.RecordChecksumOffset]);
        if (kind == StateStream.End)
        {
            ParseEnd(head, offset, length);
            return;
        }

        var index = IndexOf(id);
        if (kind != StateStream.Piece || index < 0)
        {
            throw Refuse($"record {_ordinal} is of kind {kind} for section {id}");
        }

        var limit = (ulong)_sections[index].Bytes.Length;
        if (length is 0 or > StateSection.ChunkBytes || offset > limit || length > limit - offset || offset > (ulong)_receivedBytes[index])
        {
            throw Refuse($"record {_ordinal} puts {length} bytes at {offset} of {limit} in section {id}, which has {_receivedBytes[index]} so far");
        }

        (_section, _offset, _left) = (_sections[index], (int)offset, (int)length);
        _receivedBytes[index] = Math.Max(_receivedBytes[index], _offset + _left);
        _pieceBytes += length;
        _phase = Phase.Piece;
    }

    private void ParseEnd(ReadOnlySpan<byte> head, ulong pieceBytes, uint length)
    {
        CheckHash(head[StateStream.RecordChecksumOffset..]);
        if (length != 0 || pieceBytes != _pieceBytes)
        {
            throw Refuse($"the end counts {pieceBytes} bytes, {_pieceBytes} came");
        }

        for (var i = 0; i < _sections.Length; i++)
        {
            if (_receivedBytes[i] != _sections[i].Bytes.Length)
            {
                throw Refuse($"section {_sections[i].Id} ends after {_receivedBytes[i]} of {_sections[i].Bytes.Length} bytes");
            }
        }

        _phase = Phase.Ended;
    }

    private ReadOnlySpan<byte> TakePiece(ReadOnlySpan<byte> data)
    {
        var piece = data[..Math.Min(data.Length, _left)];
        piece.CopyTo(_section!.Bytes[_offset..]);
        _hash.Append(piece);
        _offset += piece.Length;
        _left -= piece.Length;
        if (_left == 0)
        {
            CheckHash(_head.AsSpan(StateStream.RecordChecksumOffset));
            _ordinal++;
            Expect(Phase.Record, StateStream.RecordBytes);
        }

        return data[piece.Length..];
    }

    private int IndexOf(uint id)
    {
        for (var i = 0; i < _sections.Length; i++)
        {
            if (_sections[i].Id == id)
            {
                return i;
            }
        }

        return -1;
    }

    private void CheckHash(ReadOnlySpan<byte> field)
    {
        if (BinaryPrimitives.ReadUInt64LittleEndian(field) != _hash.GetCurrentHashAsUInt64())
        {
            throw Refuse(_phase == Phase.Prologue ? "the checksum of its prologue is wrong" : $"the checksum of record {_ordinal} is wrong");
        }
    }
}
