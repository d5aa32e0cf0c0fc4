using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Devices.Dma;
using Ferry.Memory;

namespace Ferry.Devices.Models;

/// <summary>The rings of an enabled rnic: takes posted buffers, fills them, completes them. Touched by the worker, or while it is paused.</summary>
internal sealed class RnicQueue(DmaWindows dma, RnicDoorbells doorbells, RnicConnections connections, int messageBytes)
{
    public const int DescriptorBytes = 16;
    public const int CompletionBytes = 32;

    private const int GenerationOffset = 28;

    // Only for memory that can't be written in place.
    private readonly byte[] _scratch = new byte[messageBytes];

    // Only where pages have to be pinned.
    private readonly RnicPins? _pins = dma.NeedsPins ? new RnicPins(dma, messageBytes) : null;
    private Func<uint, RnicDescriptor>? _readDescriptor;

    private RnicSetup _setup;
    private ulong _stalledAt;
    private ulong _sent;
    private ulong _stalls;

    /// <summary>Indices of the rings, free-running.</summary>
    public RnicIndices Indices;

    /// <summary>Messages completed since reset; from any thread.</summary>
    public ulong Sent => Volatile.Read(ref _sent);

    /// <summary>Times that a message was due and could not be written; from any thread.</summary>
    public ulong Stalls => Volatile.Read(ref _stalls);

    /// <summary>Takes the rings that the guest set; what is pinned of those before is let go.</summary>
    public void Configure(in RnicSetup setup)
    {
        LetGo();
        _setup = setup;
    }

    /// <summary>Lets go of all memory, where it is pinned; what is posted is pinned again before the next message.</summary>
    public void LetGo() => _pins?.ReleaseAll();

    public void Restore(in RnicIndices indices, ulong sent, ulong stalls)
    {
        LetGo();
        (Indices, _stalledAt) = (indices, 0);
        Volatile.Write(ref _sent, sent);
        Volatile.Write(ref _stalls, stalls);
    }

    /// <summary>Takes what the doorbells say now; false where they claim more than a ring holds.</summary>
    public bool TryAdvance()
    {
        doorbells.Poll(ref Indices);
        return Indices.AreWithin(_setup) && (_pins is null || _pins.TryAdvance(_setup, Indices, _readDescriptor ??= ReadDescriptor));
    }

    /// <summary>Sends the message that is due.</summary>
    public RnicSendResult TrySend()
    {
        if (!HasRoom)
        {
            if (!TryAdvance())
            {
                return RnicSendResult.Unusable;
            }

            if (!HasRoom)
            {
                CountStall();
                return RnicSendResult.Stalled;
            }
        }

        var sequence = _sent + 1;
        var descriptor = _pins?.Descriptor(Indices.RxHead) ?? ReadDescriptor(Indices.RxHead);
        if (!descriptor.IsUsable || !TryWriteMessage(descriptor.Buffer, sequence))
        {
            return RnicSendResult.Unusable;
        }

        if (!connections.TryCarry(sequence))
        {
            return RnicSendResult.Inconsistent;
        }

        if ((_setup.PeerBase != 0 && !TryMail(sequence)) || !TryComplete(sequence, descriptor))
        {
            return RnicSendResult.Unusable;
        }

        _pins?.Release(descriptor);
        Indices.RxHead++;
        Indices.CqTail++;
        Volatile.Write(ref _sent, sequence);
        return RnicSendResult.Sent;
    }

    private bool HasRoom => Indices.RxHead != (_pins?.Tail ?? Indices.RxTail) && Indices.CqTail - Indices.CqHead < _setup.CqEntries;

    private void CountStall()
    {
        if (_stalledAt != _sent + 1)
        {
            _stalledAt = _sent + 1;
            Volatile.Write(ref _stalls, _stalls + 1);
        }
    }

    private RnicDescriptor ReadDescriptor(uint index)
    {
        Span<byte> bytes = stackalloc byte[DescriptorBytes];
        var at = new Iova(_setup.RxBase + ((ulong)(index & (_setup.RxEntries - 1)) * DescriptorBytes));
        var isUsable = dma.TryRead(at, bytes) && BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) >= (uint)messageBytes;
        return new(new(BinaryPrimitives.ReadUInt64LittleEndian(bytes)), BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]), isUsable);
    }

    private bool TryWriteMessage(Iova buffer, ulong sequence)
    {
        if (dma.TryAcquire(buffer, messageBytes, DmaAccess.Write, out var memory))
        {
            using (memory)
            {
                RnicMessage.Write(memory.Bytes, sequence, _setup.StrideBytes);
            }

            return true;
        }

        RnicMessage.Write(_scratch, sequence, _setup.StrideBytes);
        return dma.TryWrite(buffer, _scratch);
    }

    private bool TryMail(ulong sequence)
    {
        var slot = new Iova(_setup.PeerBase + (sequence % RnicMailbox.Slots * sizeof(ulong)));
        if (!dma.TryAcquire(slot, sizeof(ulong), DmaAccess.Write, out var memory))
        {
            return false;
        }

        using (memory)
        {
            Volatile.Write(ref MemoryMarshal.AsRef<ulong>(memory.Bytes), sequence);
        }

        return true;
    }

    // The generation makes the entry valid, so it is written last, after the message and the other fields can be seen.
    private bool TryComplete(ulong sequence, RnicDescriptor descriptor)
    {
        Span<byte> entry = stackalloc byte[CompletionBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(entry, sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], descriptor.Buffer.Value);
        BinaryPrimitives.WriteInt32LittleEndian(entry[16..], messageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[20..], descriptor.Cookie);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[24..], 0);
        var generation = unchecked((Indices.CqTail / _setup.CqEntries) + 1);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[GenerationOffset..], generation);

        var at = new Iova(_setup.CqBase + ((ulong)(Indices.CqTail & (_setup.CqEntries - 1)) * CompletionBytes));
        if (dma.TryAcquire(at, CompletionBytes, DmaAccess.Write, out var memory))
        {
            using (memory)
            {
                entry[..GenerationOffset].CopyTo(memory.Bytes);
                Volatile.Write(ref MemoryMarshal.AsRef<uint>(memory.Bytes[GenerationOffset..]), generation);
            }

            return true;
        }

        return dma.TryWrite(at, entry[..GenerationOffset])
            && dma.TryWrite(new(at.Value + GenerationOffset), entry[GenerationOffset..]);
    }
}
