using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Ferry.Devices.Models;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Devices;

/// <summary>Drives an rnic through its registers and rings, as a guest would: posts buffers and takes completions. Source: docs/rnic.md.</summary>
/// <remarks>One thread at a time. IOVAs are addresses of <paramref name="memory"/>.</remarks>
/// <param name="device">The device; stays the caller's.</param>
/// <param name="memory">What is mapped for it.</param>
/// <param name="rings">Where its rings are: <see cref="RingsBytes"/> from there, whole pages.</param>
internal sealed class RnicDriver(VfioDevice device, GuestMemory memory, Iova rings) : IDisposable
{
    /// <summary>The most buffers that are posted at once.</summary>
    public const uint Entries = 64;

    /// <summary>The bytes of both rings.</summary>
    public const ulong RingsBytes = 8192;

    private const uint ExpectedId = 0x43494e52;
    private const int DescriptorBytes = 16;
    private const int CompletionBytes = 32;
    private const int GenerationOffset = 28;
    private const ulong RxOffset = 4096;
    private const uint StrideBytes = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly VfioRegion _registers = device.GetRegion(0);
    private readonly VfioRegion _doorbells = device.GetRegion(2);
    private MappedMemory? _mappedDoorbells;

    /// <summary>Buffers posted since reset.</summary>
    public uint Posted { get; private set; }

    /// <summary>Completions taken since reset.</summary>
    public uint Taken { get; private set; }

    /// <summary>How many are posted and not taken.</summary>
    public uint Outstanding => Posted - Taken;

    /// <summary>The bytes of a message.</summary>
    public int MessageBytes { get; private set; }

    /// <summary>The status register: bit 0 enabled, bit 1 that the device found what it can't use.</summary>
    public uint Status => Read32(0x0c);

    /// <summary>Whether the device found anything that it can't use.</summary>
    public bool HasFailed => (Status & 2) != 0;

    /// <summary>Sets the device up and enables it.</summary>
    public void Enable()
    {
        LabContext.Require(Read32(0) == ExpectedId && Read32(4) == 1, $"the device says that it is {Read32(0):x8}, version {Read32(4)}");
        SetUp();
        Control(1);
        LabContext.Require(Status == 1, $"the device was enabled and its status is {Status:x}");
    }

    /// <summary>Sets the device up, which is as new, and does not enable it.</summary>
    public void SetUp()
    {
        memory.GetSpan(new(rings.Value), (int)RingsBytes).Clear();
        Set(0x14, StrideBytes);
        SetLong(0x18, rings.Value + RxOffset);
        Set(0x20, Entries);
        SetLong(0x28, rings.Value);
        Set(0x30, Entries);
        (Posted, Taken) = (0, 0);
        Attach();
    }

    /// <summary>Writes the control register: 1 enables, 0 disables, 2 resets.</summary>
    public void Control(uint value) => Set(0x10, value);

    /// <summary>Writes a register of 4 bytes.</summary>
    public void Set(ulong register, uint value) => Write32(_registers, register, value);

    /// <summary>Writes one of 8 bytes.</summary>
    public void SetLong(ulong register, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        device.Write(_registers, register, bytes);
    }

    /// <summary>Goes on where another driver of the same device, which has moved here, was.</summary>
    public void GoOn(uint posted, uint taken)
    {
        (Posted, Taken) = (posted, taken);
        Attach();
    }

    /// <summary>Posts a buffer, which the device does not see before <see cref="Ring"/>.</summary>
    /// <param name="buffer">Where.</param>
    /// <param name="lengthBytes">What the descriptor says of its length; as long as a message where it is null.</param>
    public void Post(Iova buffer, int? lengthBytes = null)
    {
        LabContext.Require(Outstanding < Entries, "more buffers were posted than the ring has");
        var descriptor = memory.GetSpan(new(rings.Value + RxOffset + (Posted % Entries * DescriptorBytes)), DescriptorBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, buffer.Value);
        BinaryPrimitives.WriteInt32LittleEndian(descriptor[8..], lengthBytes ?? MessageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], Posted);
        Posted++;
    }

    /// <summary>Tells the device of what was posted and taken, by the doorbells that are trapped.</summary>
    public void Ring()
    {
        Write32(_doorbells, 0x40, Taken);
        Write32(_doorbells, 0x00, Posted);
    }

    /// <summary>Tells it by the doorbells that are mapped, without a call.</summary>
    public void RingMapped()
    {
        _mappedDoorbells ??= device.Map(_doorbells, 0);
        Volatile.Write(ref MemoryMarshal.AsRef<uint>(_mappedDoorbells.GetSpan(0x40, 4)), Taken);
        Volatile.Write(ref MemoryMarshal.AsRef<uint>(_mappedDoorbells.GetSpan(0x00, 4)), Posted);
    }

    /// <summary>Takes the next completion, if there is one, and checks its message: the next number, and every byte of it.</summary>
    public bool TryTake(out ulong sequence)
    {
        var entry = memory.GetSpan(new(rings.Value + (Taken % Entries * CompletionBytes)), CompletionBytes);
        sequence = Taken + 1UL;
        var generation = Volatile.Read(ref MemoryMarshal.AsRef<uint>(entry[GenerationOffset..]));
        if (generation != (Taken / Entries) + 1)
        {
            return false;
        }

        var buffer = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
        LabContext.Require(BinaryPrimitives.ReadUInt64LittleEndian(entry) == sequence, $"message {BinaryPrimitives.ReadUInt64LittleEndian(entry)} came where {sequence} is due");
        LabContext.Require(BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]) == Taken, $"message {sequence} has another descriptor's cookie");
        var expected = new byte[MessageBytes];
        RnicMessage.Write(expected, sequence, StrideBytes);
        LabContext.Require(memory.GetSpan(new(buffer), MessageBytes).SequenceEqual(expected), $"message {sequence} at {buffer:x} is not what it must be");
        Taken++;
        return true;
    }

    /// <summary>Takes the next completion, for which it waits without sleep: a message is soon written.</summary>
    public void WaitForNext()
    {
        var spin = default(SpinWait);
        for (var started = Stopwatch.GetTimestamp(); !TryTake(out _); spin.SpinOnce(sleep1Threshold: -1))
        {
            LabContext.Require(
                Stopwatch.GetElapsedTime(started) < Patience, $"message {Taken + 1} did not come within {Patience.TotalSeconds} s; the device {(HasFailed ? "has failed" : "works")}");
        }
    }

    /// <summary>Takes completions until none is outstanding.</summary>
    public void TakeAll()
    {
        while (Outstanding > 0)
        {
            WaitForNext();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mappedDoorbells?.Dispose();

    private void Attach() => MessageBytes = (int)Read32(0x08);

    private uint Read32(ulong register)
    {
        Span<byte> value = stackalloc byte[4];
        device.Read(_registers, register, value);
        return BinaryPrimitives.ReadUInt32LittleEndian(value);
    }

    private void Write32(VfioRegion region, ulong register, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        device.Write(region, register, bytes);
    }
}
