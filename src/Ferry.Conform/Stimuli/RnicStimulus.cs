using System.Buffers.Binary;
using System.Numerics;
using Ferry.Memory;

namespace Ferry.Conform.Stimuli;

/// <summary>Drives an rnic: posts receive buffers all over the memory. Source: docs/rnic.md.</summary>
internal sealed class RnicStimulus : IStimulus
{
    public const string StimulusName = "rnic";

    private const uint ExpectedId = 0x43494E52;
    private const uint ExpectedVersion = 1;
    private const int Registers = 0;
    private const int Doorbells = 2;
    private const ulong RxTail = 0x00;
    private const ulong CqHead = 0x40;
    private const uint MostEntries = 256;
    private const int DescriptorBytes = 16;
    private const int CompletionBytes = 32;
    // The first page of memory is one that the device writes, and so is the last.
    private const ulong CqOffset = 0;
    private const ulong RxOffset = 0x10000;
    private const ulong BuffersOffset = 2 << 20;
    // Odd buffers begin in the middle of a page, so that messages end in the next.
    private const ulong ShiftBytes = 2048;

    private IDeviceUnderTest? _device;
    private MachineMemory? _memory;
    private uint _entries;
    private uint _messageBytes;
    private ulong _strideBytes;
    private uint _posted;
    private uint _consumed;

    public string Name => StimulusName;

    public bool ReachesPeers => true;

    public int? InterruptIndex => 0;

    private MachineMemory Memory => _memory ?? throw new InvalidOperationException("Begin was not called.");

    private IDeviceUnderTest Device => _device ?? throw new InvalidOperationException("Begin was not called.");

    public void Begin(IDeviceUnderTest device, MachineMemory memory, bool toPeer)
    {
        (_device, _memory, _posted, _consumed) = (device, memory, 0, 0);
        var (id, version) = (Read32(0x00), Read32(0x04));
        if (id != ExpectedId || version != ExpectedVersion)
        {
            throw new StimulusException($"The device is no rnic: ID reads 0x{id:x8} and VERSION {version}, not 0x{ExpectedId:x8} and {ExpectedVersion}.");
        }

        _messageBytes = Read32(0x08);
        var room = memory.Ram.LengthBytes - BuffersOffset;
        if (_messageBytes == 0 || _messageBytes + ShiftBytes > room / 2)
        {
            throw new StimulusException($"MESSAGE_BYTES reads {_messageBytes}, which is not from 1 to {(room / 2) - ShiftBytes}.");
        }

        _entries = Math.Min(MostEntries, 1U << BitOperations.Log2(room / (_messageBytes + ShiftBytes)));
        _strideBytes = room / _entries;
        // No entry of it looks like a completion.
        memory.Write(At(CqOffset), new byte[_entries * CompletionBytes]);
        Write32(Registers, 0x14, 8);
        Write64(0x18, At(RxOffset).Value);
        Write32(Registers, 0x20, _entries);
        Write64(0x28, At(CqOffset).Value);
        Write32(Registers, 0x30, _entries);
        Write64(0x58, toPeer ? memory.Peer.Start.Value : 0);
        Write32(Registers, 0x10, 1);
    }

    public int Give(int pieces)
    {
        var before = _consumed;
        _consumed += CountCompleted();
        if (_consumed != before)
        {
            Write32(Doorbells, CqHead, _consumed);
        }

        var given = (uint)Math.Min((uint)pieces, _entries - (_posted - _consumed));
        for (var i = 0U; i < given; i++, _posted++)
        {
            WriteDescriptor(_posted);
        }

        if (given > 0)
        {
            Write32(Doorbells, RxTail, _posted);
        }

        return (int)given;
    }

    public int CountOutstanding() => (int)(_posted - _consumed - CountCompleted());

    private Iova At(ulong offset) => new(Memory.Ram.Start.Value + offset);

    private ulong BufferOffset(uint slot) => slot == _entries - 1
        ? Memory.Ram.LengthBytes - _messageBytes
        : BuffersOffset + (slot * _strideBytes / 64 * 64) + (slot % 2 * ShiftBytes);

    private void WriteDescriptor(uint index)
    {
        Span<byte> descriptor = stackalloc byte[DescriptorBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, At(BufferOffset(index % _entries)).Value);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], _messageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], index);
        Memory.Write(At(RxOffset + (index % _entries * DescriptorBytes)), descriptor);
    }

    private uint CountCompleted()
    {
        Span<byte> generation = stackalloc byte[sizeof(uint)];
        var count = 0U;
        for (; count < _posted - _consumed; count++)
        {
            var index = _consumed + count;
            Memory.Read(At(CqOffset + (index % _entries * CompletionBytes) + 28), generation);
            if (BinaryPrimitives.ReadUInt32LittleEndian(generation) != (index / _entries) + 1)
            {
                break;
            }
        }

        return count;
    }

    private uint Read32(ulong offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Device.ReadRegion(Registers, offset, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private void Write32(int region, ulong offset, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Device.WriteRegion(region, offset, bytes);
    }

    private void Write64(ulong offset, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        Device.WriteRegion(Registers, offset, bytes);
    }
}
