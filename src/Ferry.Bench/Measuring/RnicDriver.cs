using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Ferry.Memory;
using Ferry.VfioUser.Client;

namespace Ferry.Bench.Measuring;

/// <summary>Makes an rnic write where it is told: what a guest's driver does, without a guest that could be the slower of the two.</summary>
/// <remarks>Calls come from one thread. Between <see cref="Run"/> and <see cref="Pause"/> a thread of its own keeps the device busy. Source: docs/rnic.md.</remarks>
internal sealed class RnicDriver : IDisposable
{
    /// <summary>What the rings take of memory beside what is measured, in bytes.</summary>
    internal const ulong RingBytes = 2 << 20;

    private const uint Entries = 16384;
    private const uint LeastAhead = 64;
    private const uint Id = 0x43494E52;
    private const uint StatusError = 2;
    private const int Registers = 0;
    private const int Doorbells = 2;
    private const int DescriptorBytes = 16;
    private const int CompletionBytes = 32;
    private const ulong RxOffset = 0;
    private const ulong CqOffset = 1 << 20;
    private const ulong MappedPage = 4096;
    private const int RxTail = 0x00;
    private const int CqHead = 0x40;

    // What a device may take for a message before it counts as dead.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);

    private readonly VfioUserClient _client;
    private readonly GuestMemory _memory;
    private readonly Gpa _rings;
    private readonly VfioUserMappedRegion _doorbells;
    private readonly bool _doorbellsMapped;
    private uint _posted;
    private uint _consumed;
    private long _completed;
    private Thread? _thread;
    private volatile bool _stop;
    private volatile Exception? _failure;

    private RnicDriver(VfioUserClient client, GuestMemory memory, Gpa rings, uint messageBytes)
    {
        (_client, _memory, _rings, MessageBytes) = (client, memory, rings, messageBytes);
        _doorbells = client.MapRegion(Doorbells);
        _doorbellsMapped = _doorbells.IsWritable && _doorbells.TryGetSpan(MappedPage, CqHead + sizeof(uint), out _);
        memory.GetSpan(new(rings.Value + CqOffset), (int)Entries * CompletionBytes).Clear();
        Write32(0x10, 2);
        Write32(0x14, 4096);
        Write64(0x18, rings.Value + RxOffset);
        Write32(0x20, Entries);
        Write64(0x28, rings.Value + CqOffset);
        Write32(0x30, Entries);
        Write32(0x10, 1);
        if ((Read32(0x0C) & StatusError) != 0)
        {
            throw new IOException($"{client.Peer} says that its rings can't be used.");
        }
    }

    /// <summary>The bytes of a message.</summary>
    internal uint MessageBytes { get; }

    /// <summary>The messages that it completed so far. From any thread.</summary>
    internal long Completed => Volatile.Read(ref _completed);

    /// <summary>What the device's own counter says of the bytes that it sent.</summary>
    internal ulong SentBytes
    {
        get
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            _client.RegionRead(Registers, 0x48, bytes);
            return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
    }

    /// <summary>Enables the device, if it is an rnic; null where it is something else.</summary>
    /// <param name="client">The device, which has all of <paramref name="memory"/> mapped.</param>
    /// <param name="memory">Memory.</param>
    /// <param name="rings">Where <see cref="RingBytes"/> of it are for the rings.</param>
    internal static RnicDriver? TryCreate(VfioUserClient client, GuestMemory memory, Gpa rings)
    {
        var registers = client.GetRegionInfo(Registers);
        if (registers.SizeBytes < 0x68)
        {
            return null;
        }

        Span<byte> words = stackalloc byte[12];
        client.RegionRead(Registers, 0, words);
        var message = BinaryPrimitives.ReadUInt32LittleEndian(words[8..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(words) == Id && message is >= 64 and <= 1 << 20 ? new(client, memory, rings, message) : null;
    }

    /// <summary>Keeps the device busy with writes to <paramref name="addresses"/> until <see cref="Pause"/>.</summary>
    internal void Run(WriteAddresses addresses)
    {
        _stop = false;
        _thread = new Thread(() => KeepBusy(addresses)) { IsBackground = true, Name = "rnic driver" };
        _thread.Start();
    }

    /// <summary>Ends that; returns when what was posted is written.</summary>
    /// <exception cref="IOException">The device failed or died meanwhile.</exception>
    internal void Pause()
    {
        _stop = true;
        _thread?.Join();
        _thread = null;
        if (_failure is { } failure)
        {
            throw new IOException(failure.Message, failure);
        }

        WaitFor(_posted);
    }

    /// <summary>Has it write so many messages, and returns when they are written.</summary>
    /// <param name="count">How many.</param>
    /// <param name="addresses">Where.</param>
    /// <param name="written">Takes the pages that are written.</param>
    internal void Write(ulong count, WriteAddresses addresses, DirtyBitmap written)
    {
        while (count > 0)
        {
            var batch = (uint)Math.Min(count, Entries / 2);
            for (var i = 0U; i < batch; i++)
            {
                var address = addresses.Next();
                var first = address / 4096;
                written.SetPages(first, ((address + MessageBytes - 1) / 4096) - first + 1);
                Describe(_posted++, address);
            }

            Ring();
            WaitFor(_posted);
            count -= batch;
        }
    }

    /// <summary>The seconds of one write with nothing else to do, from the doorbell to its completion; the middle of several.</summary>
    internal double Latency(int count, WriteAddresses addresses)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            Describe(_posted++, addresses.Next());
            var began = Stopwatch.GetTimestamp();
            // By a message, which wakes it: a device that has nothing to do looks at its mapped doorbells once in a while.
            RingByMessage();
            WaitFor(_posted);
            times[i] = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }

        Array.Sort(times);
        return times[count / 2];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop = true;
        _thread?.Join();
        _doorbells.Dispose();
    }

    // As much ahead as the device does in a few milliseconds: it is never without a buffer, and soon done when it is to pause.
    private void KeepBusy(WriteAddresses addresses)
    {
        try
        {
            var ahead = LeastAhead;
            var silentSince = Stopwatch.GetTimestamp();
            while (!_stop)
            {
                var done = Consume();
                silentSince = done > 0 ? Stopwatch.GetTimestamp() : silentSince;
                ThrowIfDead(silentSince);
                ahead = done * 2 >= ahead ? Math.Min(Entries, ahead * 2) : done * 8 < ahead ? Math.Max(LeastAhead, ahead / 2) : ahead;
                while (_posted - _consumed < ahead)
                {
                    Describe(_posted++, addresses.Next());
                }

                Ring();
                Thread.Sleep(1);
            }
        }
        catch (IOException e)
        {
            _failure = e;
        }
    }

    private void WaitFor(uint index)
    {
        var spin = new SpinWait();
        var silentSince = Stopwatch.GetTimestamp();
        while (_consumed != index)
        {
            if (Consume() > 0)
            {
                silentSince = Stopwatch.GetTimestamp();
                spin.Reset();
                continue;
            }

            // A sleep would be longer than what is waited for.
            spin.SpinOnce(sleep1Threshold: -1);
            ThrowIfDead(silentSince);
        }

        Ring();
    }

    private void ThrowIfDead(long silentSince)
    {
        if (!_client.IsConnected)
        {
            throw new IOException($"{_client.Peer} has gone.", _client.Failure);
        }

        if (_posted != _consumed && Stopwatch.GetElapsedTime(silentSince) > LongestSilence)
        {
            throw new IOException(string.Create(
                CultureInfo.InvariantCulture, $"{_client.Peer} wrote none of {_posted - _consumed} messages in {LongestSilence.TotalSeconds} s; its STATUS reads {Read32(0x0C)}."));
        }
    }

    private uint Consume()
    {
        var count = 0U;
        for (; _consumed != _posted; _consumed++, count++)
        {
            var generation = _memory.GetSpan(new(_rings.Value + CqOffset + (_consumed % Entries * CompletionBytes) + 28), sizeof(uint));
            if (Volatile.Read(ref MemoryMarshal.AsRef<uint>(generation)) != (_consumed / Entries) + 1)
            {
                break;
            }
        }

        Volatile.Write(ref _completed, _completed + count);
        return count;
    }

    private void Describe(uint index, ulong address)
    {
        var descriptor = _memory.GetSpan(new(_rings.Value + RxOffset + (index % Entries * DescriptorBytes)), DescriptorBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor, address);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[8..], MessageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], index);
    }

    private void Ring()
    {
        if (_doorbellsMapped && _doorbells.TryGetSpan(MappedPage, CqHead + sizeof(uint), out var page))
        {
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(page[CqHead..]), _consumed);
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(page[RxTail..]), _posted);
        }
        else
        {
            RingByMessage();
        }
    }

    private void RingByMessage()
    {
        Write32(CqHead, _consumed, Doorbells);
        Write32(RxTail, _posted, Doorbells);
    }

    private uint Read32(ulong offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        _client.RegionRead(Registers, offset, bytes);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
    }

    private void Write32(ulong offset, uint value, int region = Registers)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _client.RegionWrite(region, offset, bytes);
    }

    private void Write64(ulong offset, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _client.RegionWrite(Registers, offset, bytes);
    }
}
