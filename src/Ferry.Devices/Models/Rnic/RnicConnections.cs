using System.Runtime.InteropServices;
using Ferry.Devices.Migration;

namespace Ferry.Devices.Models;

/// <summary>The large part of an rnic's state: lines of 64 bytes, each of which stands for a connection that carries 64 messages in turn.</summary>
/// <remarks>The first word of a line is the last sequence that it carried, the rest is a pattern of the seed, so it compresses as badly as
/// keys do. Before a message the line must hold what the messages before it left: state that was lost or is stale is found by the device
/// itself. Written by the worker, or while it is paused.</remarks>
internal sealed class RnicConnections
{
    public const int LineBytes = 64;
    public const int MessagesPerTurn = 64;

    private const int WordsPerLine = LineBytes / sizeof(ulong);
    private const ulong PatternFactor = 0xD6E8FEB86659FD93;

    private readonly StateSection _section;
    private readonly ulong _lines;

    public RnicConnections(StateSection section, ulong seed)
    {
        (_section, _lines, Seed) = (section, (ulong)section.Bytes.Length / LineBytes, seed);
        Fill();
    }

    /// <summary>What the pattern is made of; travels with the state.</summary>
    public ulong Seed { get; set; }

    private Span<ulong> Words => MemoryMarshal.Cast<byte, ulong>(_section.Bytes);

    /// <summary>Makes every line new.</summary>
    public void Fill()
    {
        var words = Words;
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = Pattern((ulong)i);
        }

        _section.MarkAllChanged();
    }

    /// <summary>Makes the lines new that <paramref name="sent"/> messages changed.</summary>
    public void Forget(ulong sent)
    {
        var touched = Math.Min(_lines, (sent + MessagesPerTurn - 1) / MessagesPerTurn);
        for (var line = 0UL; line < touched; line++)
        {
            Set(line, Pattern(line * WordsPerLine));
        }
    }

    /// <summary>Whether the line of message <paramref name="sequence"/> holds what it must; if so, it now carried the message.</summary>
    public bool TryCarry(ulong sequence)
    {
        if (_lines == 0)
        {
            return true;
        }

        var line = (sequence - 1) / MessagesPerTurn % _lines;
        if (Words[(int)(line * WordsPerLine)] != Expected(sequence, line))
        {
            return false;
        }

        Set(line, sequence);
        return true;
    }

    private ulong Expected(ulong sequence, ulong line)
    {
        var turn = (sequence - 1) % MessagesPerTurn;
        var perRound = _lines * MessagesPerTurn;
        return turn > 0 ? sequence - 1
            : sequence > perRound ? sequence - perRound + MessagesPerTurn - 1
            : Pattern(line * WordsPerLine);
    }

    private void Set(ulong line, ulong value)
    {
        Words[(int)(line * WordsPerLine)] = value;
        _section.MarkChanged((int)(line * LineBytes), LineBytes);
    }

    private ulong Pattern(ulong word)
    {
        var mixed = unchecked((word + Seed) * PatternFactor);
        mixed ^= mixed >> 32;
        mixed = unchecked(mixed * PatternFactor);
        return mixed ^ (mixed >> 29);
    }
}
