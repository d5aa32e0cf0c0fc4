using System.Buffers.Binary;
using Ferry.Memory;
using Xunit;

namespace Ferry.Machine.Tests.Programs;

/// <summary>The NIC of docs/rnic.md as a few lines that a test drives message by message, so that it can also do what no NIC should.</summary>
internal sealed class ScriptedNic(GuestMemory memory, ulong registers, ulong doorbells, int messageBytes)
{
    private const int Header = 64;
    private readonly byte[] _registers = new byte[4096];
    private uint _descriptor;
    private uint _completion;

    /// <summary>The sequence of the message sent last.</summary>
    public ulong Sequence { get; set; }

    /// <summary>Every read gives all ones, as from a device that is not there any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>It found something unusable and says so in STATUS.</summary>
    public bool IsStopped { get; set; }

    public uint RxTail { get; private set; }

    public uint CqHead { get; private set; }

    public ulong ControlAddress => registers + 0x10;

    public bool IsEnabled => (Word(0x10) & 1) != 0;

    public uint Read(ulong address) => IsGone
        ? uint.MaxValue
        : (address - registers) switch
        {
            0x00 => 0x43494E52,
            0x04 => 1,
            0x08 => (uint)messageBytes,
            0x0C => (Word(0x10) & 1) | (IsStopped ? 2U : 0),
            0x40 => (uint)Sequence,
            var offset => Word((int)offset),
        };

    public void Write(ulong address, uint value)
    {
        if (address == doorbells)
        {
            RxTail = value;
        }
        else if (address == doorbells + 0x40)
        {
            CqHead = value;
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(_registers.AsSpan((int)(address - registers)), value & ((address - registers) == 0x10 ? ~2U : ~0U));
        }
    }

    /// <summary>Writes the next message into the next posted buffer, and its completion.</summary>
    /// <returns>Where the message is.</returns>
    public ulong Send(Action<Span<byte>>? alterMessage = null, Action<Span<byte>>? alterCompletion = null)
    {
        Assert.NotEqual(_descriptor, RxTail);
        var entries = Word(0x20);
        var descriptor = memory.GetSpan(new(Long(0x18) + (16UL * (_descriptor++ % entries))), 16);
        var address = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        Assert.Equal((uint)messageBytes, BinaryPrimitives.ReadUInt32LittleEndian(descriptor[8..]));
        var message = memory.GetSpan(new(address), messageBytes);
        Compose(message, ++Sequence);
        alterMessage?.Invoke(message);

        var completion = memory.GetSpan(new(Long(0x28) + (32UL * (_completion % Word(0x30)))), 32);
        BinaryPrimitives.WriteUInt64LittleEndian(completion, Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(completion[8..], address);
        BinaryPrimitives.WriteInt32LittleEndian(completion[16..], messageBytes);
        descriptor[12..16].CopyTo(completion[20..]);
        BinaryPrimitives.WriteUInt32LittleEndian(completion[24..], 0);
        alterCompletion?.Invoke(completion);
        BinaryPrimitives.WriteUInt32LittleEndian(completion[28..], (_completion++ / Word(0x30)) + 1);
        return address;
    }

    private void Compose(Span<byte> message, ulong sequence)
    {
        var stride = Word(0x14);
        var sum = unchecked(sequence * 0x94D049BB133111EB);
        for (var i = 0; Header + (i * 8) < message.Length; i++)
        {
            var word = unchecked((sequence * 0x9E3779B97F4A7C15) + ((ulong)i * 0xBF58476D1CE4E5B9));
            BinaryPrimitives.WriteUInt64LittleEndian(message[(Header + (i * 8))..], word);
            sum = unchecked(sum + (i * 8 % stride == 0 ? word : 0));
        }

        message[..Header].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(message, 0x4D53475959524546);
        BinaryPrimitives.WriteUInt64LittleEndian(message[8..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(message[16..], sum);
        BinaryPrimitives.WriteUInt64LittleEndian(message[24..], (uint)messageBytes | ((ulong)stride << 32));
    }

    private uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_registers.AsSpan(offset));

    private ulong Long(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(_registers.AsSpan(offset));
}
