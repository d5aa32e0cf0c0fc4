using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Ferry.Devices.Models;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>A guest's memory and its driver for an rnic, written from docs/rnic.md alone: it posts buffers and checks every message.</summary>
internal sealed class GuestDriver : IDmaMessages, IDisposable
{
    public const ulong DefaultRxBase = 0x10000;
    public const ulong DefaultCqBase = 0x20000;
    public const ulong Buffers = 0x100000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly MemoryFile _file;
    private readonly MappedMemory _memory;
    private readonly Lock _performing = new();
    private bool _isGone;
    private uint _posted;
    private uint _consumed;

    public GuestDriver(ulong memoryBytes = 8 << 20, uint entries = 64, int messageBytes = 4096, uint strideBytes = 8)
    {
        (Entries, MessageBytes, StrideBytes) = (entries, messageBytes, strideBytes);
        _file = MemoryFile.Create("test-guest", memoryBytes);
        _memory = MappedMemory.MapShared(_file.Handle, 0, memoryBytes, MemoryProtection.Read | MemoryProtection.Write);
    }

    /// <summary>Whether the device gets no descriptor, so that it has to ask for each access.</summary>
    public bool IsMediated { get; init; }

    /// <summary>How often it asked for what is no memory.</summary>
    public int OutOfBounds { get; private set; }

    public ulong RxBase { get; init; } = DefaultRxBase;

    public ulong CqBase { get; init; } = DefaultCqBase;

    public uint Entries { get; }

    public int MessageBytes { get; }

    public uint StrideBytes { get; }

    /// <summary>The sequence of the message consumed last.</summary>
    public ulong LastSequence { get; private set; }

    /// <summary>Where the indices begin, for a device that was loaded so.</summary>
    public uint FirstIndex { init => _posted = _consumed = value; }

    /// <summary>Where each message has to go, by the index of its descriptor.</summary>
    public Func<uint, ulong>? BufferOf { get; set; }

    /// <summary>Called with the address of each consumed message.</summary>
    public Action<ulong>? Consumed { get; set; }

    /// <summary>The mapped doorbell page, where the guest uses that one.</summary>
    public MappedMemory? MappedDoorbells { get; set; }

    public IovaRange All => new(new(0), _memory.LengthBytes);

    public Span<byte> At(ulong address, int length) => _memory.GetSpan(address, length);

    /// <summary>A descriptor of its own for the device.</summary>
    public SafeFileHandle Share() => Reopen(_file.Handle);

    public static SafeFileHandle Reopen(SafeFileHandle file) =>
        File.OpenHandle($"/proc/self/fd/{file.DangerousGetHandle()}", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);

    public void Map(IVfioUserDevice device) => Map(device, All, read: true, write: true);

    /// <summary>Maps a part, or lets the device ask for it.</summary>
    public void Map(IVfioUserDevice device, IovaRange range, bool read, bool write)
    {
        if (IsMediated && device is Rnic rnic)
        {
            rnic.DmaMessages = this;
        }

        device.DmaMap(range, IsMediated ? 0 : range.Start.Value, read, write, IsMediated ? null : Share());
    }

    public bool TryRead(Iova start, Span<byte> data)
    {
        lock (_performing)
        {
            if (!IsMemory(start, data.Length))
            {
                return false;
            }

            At(start.Value, data.Length).CopyTo(data);
            return true;
        }
    }

    public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        lock (_performing)
        {
            if (!IsMemory(start, data.Length))
            {
                return false;
            }

            data.CopyTo(At(start.Value, data.Length));
            return true;
        }
    }

    public void Enable(IVfioUserDevice device)
    {
        Setup(device);
        Write32(device, 0x10, 1);
    }

    public void Setup(IVfioUserDevice device)
    {
        Write32(device, 0x14, StrideBytes);
        Write64(device, 0x18, RxBase);
        Write32(device, 0x20, Entries);
        Write64(device, 0x28, CqBase);
        Write32(device, 0x30, Entries);
    }

    /// <summary>Posts as many buffers as the ring takes.</summary>
    public void PostAll(IVfioUserDevice device) => Post(device, Entries - (_posted - _consumed));

    public void Post(IVfioUserDevice device, uint count)
    {
        for (; count > 0; count--, _posted++)
        {
            WriteDescriptor(_posted, AddressOf(_posted), (uint)MessageBytes, ~_posted);
        }

        Ring(device, 0x00, _posted);
    }

    public void WriteDescriptor(uint index, ulong address, uint length, uint cookie)
    {
        var descriptor = At(RxBase + (16 * (index % Entries)), 16);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, address);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], cookie);
    }

    public void Ring(IVfioUserDevice device, int doorbell, uint value)
    {
        if (MappedDoorbells is { } page)
        {
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(page.GetSpan((ulong)doorbell, 4)), value);
            return;
        }

        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        device.RegionWrite(2, (ulong)doorbell, bytes);
    }

    /// <summary>Consumes and checks messages until that many came in all, posting buffers again.</summary>
    public void ConsumeUntil(IVfioUserDevice device, ulong sequence)
    {
        var waited = Stopwatch.StartNew();
        while (LastSequence < sequence)
        {
            if (!TryConsume())
            {
                Assert.True(waited.Elapsed < Patience, $"Message {LastSequence + 1} did not come; status {Read32(device, 0x0C)}.");
                Thread.Sleep(1);
                continue;
            }

            if (_consumed % 8 == 0)
            {
                Release(device);
            }
        }

        Release(device);
    }

    /// <summary>Consumes all there is without posting.</summary>
    public void Drain()
    {
        while (TryConsume())
        {
        }
    }

    /// <summary>Gives back what was consumed, and posts again.</summary>
    public void Release(IVfioUserDevice device)
    {
        Ring(device, 0x40, _consumed);
        PostAll(device);
    }

    public static uint Read32(IVfioUserDevice device, ulong register)
    {
        Span<byte> bytes = stackalloc byte[4];
        device.RegionRead(0, register, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    public static ulong Read64(IVfioUserDevice device, ulong register)
    {
        Span<byte> bytes = stackalloc byte[8];
        device.RegionRead(0, register, bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    public static void Write32(IVfioUserDevice device, ulong register, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        device.RegionWrite(0, register, bytes);
    }

    public static void Write64(IVfioUserDevice device, ulong register, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        device.RegionWrite(0, register, bytes);
    }

    public static void WaitForStatus(IVfioUserDevice device, uint bit)
    {
        var waited = Stopwatch.StartNew();
        while ((Read32(device, 0x0C) & bit) == 0)
        {
            Assert.True(waited.Elapsed < Patience, $"STATUS is {Read32(device, 0x0C)}, bit {bit} is missing.");
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        // A device that outlives its guest asks on.
        lock (_performing)
        {
            _isGone = true;
        }

        Assert.Equal(0, OutOfBounds);
        MappedDoorbells?.Dispose();
        _memory.Dispose();
        _file.Dispose();
    }

    private bool IsMemory(Iova start, int length)
    {
        if (_isGone)
        {
            return false;
        }

        var isMemory = start.Value <= _memory.LengthBytes && (ulong)length <= _memory.LengthBytes - start.Value;
        OutOfBounds += isMemory ? 0 : 1;
        return isMemory;
    }

    private ulong AddressOf(uint index) => BufferOf?.Invoke(index) ?? Buffers + ((index % Entries) * (ulong)MessageBytes);

    private bool TryConsume()
    {
        var entry = At(CqBase + (32 * (_consumed % Entries)), 32);
        if (Volatile.Read(ref MemoryMarshal.AsRef<uint>(entry[28..])) != (_consumed / Entries) + 1)
        {
            return false;
        }

        var sequence = BinaryPrimitives.ReadUInt64LittleEndian(entry);
        Assert.Equal(LastSequence + 1, sequence);
        Assert.Equal(AddressOf(_consumed), BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]));
        Assert.Equal((uint)MessageBytes, BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]));
        Assert.Equal(~_consumed, BinaryPrimitives.ReadUInt32LittleEndian(entry[20..]));
        Assert.Equal(0U, BinaryPrimitives.ReadUInt32LittleEndian(entry[24..]));
        CheckMessage(At(AddressOf(_consumed), MessageBytes), sequence);
        Consumed?.Invoke(AddressOf(_consumed));
        LastSequence = sequence;
        _consumed++;
        return true;
    }

    private void CheckMessage(ReadOnlySpan<byte> message, ulong sequence)
    {
        var header = MemoryMarshal.Cast<byte, ulong>(message[..64]);
        Assert.Equal(0x4D53475959524546UL, header[0]);
        Assert.Equal(sequence, header[1]);
        Assert.Equal((uint)MessageBytes | ((ulong)StrideBytes << 32), header[3]);
        Assert.Equal(new ulong[4], header[4..].ToArray());
        var payload = MemoryMarshal.Cast<byte, ulong>(message[64..]);
        var sum = unchecked(sequence * 0x94D049BB133111EB);
        for (var i = 0; i < payload.Length; i++)
        {
            var expected = unchecked((sequence * 0x9E3779B97F4A7C15) + ((ulong)i * 0xBF58476D1CE4E5B9));
            if (payload[i] != expected)
            {
                Assert.Fail($"Word {i} of message {sequence} is 0x{payload[i]:x}, not 0x{expected:x}.");
            }

            sum = unchecked(sum + (i * 8 % StrideBytes == 0 ? expected : 0));
        }

        Assert.Equal(sum, header[2]);
    }
}
