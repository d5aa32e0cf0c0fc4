using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Ferry.Devices.Migration;

/// <summary>Streams the sections of a device's state, in pieces of at most 64 KiB; the only copy it holds is that of one piece.</summary>
/// <remarks>Before the device has stopped it gives the chunks of pre-copy sections that changed since they were given last; afterwards the
/// rest of those, every other section, and the end. Allocates when it is made, not when it is read. Not thread-safe.</remarks>
public sealed class StateSaver
{
    private readonly string _model;
    private readonly uint _version;
    private readonly StateSection[] _sections;
    private readonly XxHash3 _hash = new();
    private readonly byte[] _staged;
    private int _stagedStart;
    private int _stagedEnd;
    private int _section;
    private int _position;
    private bool _finishing;
    private bool _ended;
    private uint _ordinal;
    private ulong _pieceBytes;

    /// <summary>A saver, with no session open.</summary>
    /// <param name="model">The model's name, 1 to 16 characters of ASCII; the other side's must be the same.</param>
    /// <param name="version">The version of the sections' contents; the other side's must be the same.</param>
    /// <param name="sections">The sections, in the order in which they are given; at most 32.</param>
    /// <exception cref="ArgumentException">The name or the sections are beyond those limits, or two have the same id.</exception>
    public StateSaver(string model, uint version, IReadOnlyList<StateSection> sections)
    {
        CheckDescription(model, sections);
        (_model, _version, _sections) = (model, version, [.. sections]);
        _staged = new byte[StateStream.RecordBytes + StateSection.ChunkBytes];
    }

    /// <summary>Whether a session is open.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The bytes that come after the device has stopped if it stopped now, framing included.</summary>
    public ulong EstimateStopCopyBytes
    {
        get
        {
            var bytes = (ulong)StateStream.RecordBytes + (IsOpen ? 0UL : (ulong)PrologueLength);
            foreach (var section in _sections)
            {
                var chunks = IsOpen && section.IsPreCopy ? section.ChangedCount : section.ChunkCount;
                bytes += Math.Min((ulong)chunks * StateSection.ChunkBytes, (ulong)section.Bytes.Length) + ((ulong)chunks * StateStream.RecordBytes);
            }

            return bytes;
        }
    }

    private int PrologueLength => StateStream.PrologueBytes + (_sections.Length * StateStream.TableEntryBytes);

    /// <summary>Opens a session, from the beginning.</summary>
    public void Open()
    {
        foreach (var section in _sections)
        {
            if (section.IsPreCopy)
            {
                section.MarkAllChanged();
            }
        }

        (_section, _position, _finishing, _ended, _ordinal, _pieceBytes) = (0, 0, false, false, 0, 0);
        (_stagedStart, _stagedEnd) = (0, WritePrologue(_staged));
        IsOpen = true;
    }

    /// <summary>Ends the session, wherever it is.</summary>
    public void Close() => IsOpen = false;

    /// <summary>Gives the next bytes, as many as there are and fit.</summary>
    /// <param name="destination">Where they go.</param>
    /// <param name="isStopped">Whether the device has stopped, so that its sections no longer change.</param>
    /// <returns>How many; 0 where there is nothing now, or, when stopped, where the end was given.</returns>
    /// <exception cref="InvalidOperationException">No session is open.</exception>
    public int Read(Span<byte> destination, bool isStopped)
    {
        if (!IsOpen)
        {
            throw new InvalidOperationException("No session is open.");
        }

        var given = 0;
        while (given < destination.Length && (_stagedStart < _stagedEnd || Stage(isStopped)))
        {
            var length = Math.Min(destination.Length - given, _stagedEnd - _stagedStart);
            _staged.AsSpan(_stagedStart, length).CopyTo(destination[given..]);
            _stagedStart += length;
            given += length;
        }

        return given;
    }

    internal static void CheckDescription(string model, IReadOnlyList<StateSection> sections)
    {
        if (model.Length is 0 or > StateStream.ModelBytes || !Ascii.IsValid(model))
        {
            throw new ArgumentException($"\"{model}\" is not a name of 1 to {StateStream.ModelBytes} characters of ASCII.", nameof(model));
        }

        if (sections.Count > StateStream.MaxSections || sections.DistinctBy(section => section.Id).Count() != sections.Count)
        {
            throw new ArgumentException($"{sections.Count} sections are more than {StateStream.MaxSections}, or two have the same id.", nameof(sections));
        }
    }

    private int WritePrologue(Span<byte> prologue)
    {
        prologue[..PrologueLength].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(prologue, StateStream.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(prologue[8..], StateStream.Format);
        BinaryPrimitives.WriteUInt32LittleEndian(prologue[12..], _version);
        StateStream.WriteModel(prologue.Slice(16, StateStream.ModelBytes), _model);
        BinaryPrimitives.WriteInt32LittleEndian(prologue[32..], _sections.Length);
        var table = prologue[StateStream.PrologueBytes..PrologueLength];
        for (var i = 0; i < _sections.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(table[(i * StateStream.TableEntryBytes)..], _sections[i].Id);
            BinaryPrimitives.WriteInt64LittleEndian(table[((i * StateStream.TableEntryBytes) + 8)..], _sections[i].Bytes.Length);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(
            prologue[StateStream.PrologueChecksumOffset..], Checksum(prologue[..StateStream.PrologueChecksumOffset], table));
        return PrologueLength;
    }

    private bool Stage(bool isStopped) =>
        !_ended && (StageChanged() || (isStopped && (StageFinal() || StageEnd())));

    // Goes round the pre-copy sections, from where it was: the first time round that is every chunk in order.
    private bool StageChanged()
    {
        for (var tried = 0; !_finishing && tried <= _sections.Length; tried++)
        {
            if (_section < _sections.Length && _sections[_section] is { IsPreCopy: true } section
                && section.TryTakeChanged(_position, out var chunk))
            {
                _position = chunk + 1;
                StagePiece(section, chunk);
                return true;
            }

            (_section, _position) = (_section + 1 < _sections.Length ? _section + 1 : 0, 0);
        }

        return false;
    }

    private bool StageFinal()
    {
        if (!_finishing)
        {
            (_finishing, _section, _position) = (true, 0, 0);
        }

        for (; _section < _sections.Length; _section++, _position = 0)
        {
            if (!_sections[_section].IsPreCopy && _position < _sections[_section].ChunkCount)
            {
                StagePiece(_sections[_section], _position++);
                return true;
            }
        }

        return false;
    }

    private bool StageEnd()
    {
        _ended = true;
        StageRecord(StateStream.End, 0, _pieceBytes, 0);
        return true;
    }

    private void StagePiece(StateSection section, int chunk)
    {
        var offset = chunk * StateSection.ChunkBytes;
        var length = Math.Min(StateSection.ChunkBytes, section.Bytes.Length - offset);
        section.Bytes.Slice(offset, length).CopyTo(_staged.AsSpan(StateStream.RecordBytes));
        _pieceBytes += (ulong)length;
        StageRecord(StateStream.Piece, section.Id, (ulong)offset, length);
    }

    private void StageRecord(uint kind, uint section, ulong offset, int length)
    {
        StateStream.WriteRecord(_staged, kind, section, offset, length, _ordinal++);
        var checksum = Checksum(_staged.AsSpan(0, StateStream.RecordChecksumOffset), _staged.AsSpan(StateStream.RecordBytes, length));
        BinaryPrimitives.WriteUInt64LittleEndian(_staged.AsSpan(StateStream.RecordChecksumOffset), checksum);
        (_stagedStart, _stagedEnd) = (0, StateStream.RecordBytes + length);
    }

    private ulong Checksum(ReadOnlySpan<byte> fields, ReadOnlySpan<byte> data)
    {
        _hash.Reset();
        _hash.Append(fields);
        _hash.Append(data);
        return _hash.GetCurrentHashAsUInt64();
    }
}
