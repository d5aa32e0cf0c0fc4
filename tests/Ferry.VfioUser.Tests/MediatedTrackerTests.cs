using Ferry.Linux.Sockets;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>What the tracker <c>mediated</c> promises beyond the contract: hostile messages, devices that go, writes at any moment.</summary>
public sealed class MediatedTrackerTests
{
    private const ulong Page = 4096;
    private const ulong MemoryBytes = 1 << 20;

    /// <summary>Page 4 may only be read, page 8 only be written; beyond the memory nothing is mapped.</summary>
    public static TheoryData<string, ulong, ulong, int> HostileWrites => new()
    {
        { "behind the memory", MemoryBytes, 8, 8 },
        { "over the end of the memory", MemoryBytes - 4, 8, 8 },
        { "far outside", 1UL << 40, 8, 8 },
        { "read-only", 4 * Page, 8, 8 },
        { "into a read-only page", (4 * Page) - 4, 8, 8 },
        { "round the address space", ulong.MaxValue - 3, 8, 8 },
        { "a length that wraps", 8, ulong.MaxValue - 4, 8 },
        { "nothing", 0, 0, 0 },
        { "more than it brings", 0, 4096, 8 },
        { "less than it brings", 0, 8, 4096 },
        { "2^32 and what it brings", 0, (1UL << 32) + 8, 8 },
        { "longer than agreed", 0, (1 << 20) + 1, 8 },
        { "no fields", 0, 0, -12 },
    };

    [Theory]
    [MemberData(nameof(HostileWrites))]
    public void A_hostile_write_is_refused_and_neither_written_nor_marked(string what, ulong address, ulong count, int dataBytes)
    {
        using var guest = new RawGuest(MemoryBytes);
        var all = new IovaRange(new(0), MemoryBytes);
        guest.Tracker.Start([all], PageSize.Size4K);
        byte[] payload = [.. BitConverter.GetBytes(address), .. BitConverter.GetBytes(count), .. Enumerable.Repeat((byte)0xEE, Math.Max(dataBytes, 0))];
        Assert.False(guest.Ask(VfioUserCommand.DmaWrite, payload.AsSpan(0, Math.Min(payload.Length, 16 + dataBytes)), out _), what);
        Assert.False(guest.Memory.ContainsAnyExcept((byte)0));
        using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
        guest.Tracker.Report(all, bitmap);
        Assert.Equal(0UL, bitmap.Count());

        // The connection lives, and what is allowed still is.
        Assert.True(guest.Ask(VfioUserCommand.DmaWrite, [.. BitConverter.GetBytes(8 * Page), .. BitConverter.GetBytes(2UL), 1, 2], out _));
        guest.Tracker.Report(all, bitmap);
        Assert.True(bitmap.IsSet(8) && bitmap.Count() == 1);
    }

    [Theory]
    [InlineData(MemoryBytes, 8)]
    [InlineData(MemoryBytes - 4, 8)]
    [InlineData(8 * Page, 8)]
    [InlineData(ulong.MaxValue - 3, 8)]
    [InlineData(0UL, 0UL)]
    [InlineData(0UL, (1UL << 20) + 1)]
    [InlineData(0UL, ulong.MaxValue)]
    [InlineData(8UL, ulong.MaxValue - 4)]
    public void A_hostile_read_is_refused_and_shows_nothing(ulong address, ulong count)
    {
        using var guest = new RawGuest(MemoryBytes);
        guest.Memory.Fill(0x5A);
        Assert.False(guest.Ask(VfioUserCommand.DmaRead, [.. BitConverter.GetBytes(address), .. BitConverter.GetBytes(count)], out var reply));
        Assert.Empty(reply);
        Assert.True(guest.Ask(VfioUserCommand.DmaRead, [.. BitConverter.GetBytes(4 * Page), .. BitConverter.GetBytes(2UL)], out reply));
        Assert.Equal([0x5A, 0x5A], reply[16..]);
    }

    [Fact]
    public void What_is_mapped_and_no_memory_is_refused()
    {
        using var guest = new MediatedGuest(16 * Page);
        guest.Client.MapDma(new IovaRange(new(1 << 30), Page), 0, true, true, null);
        Assert.False(guest.Write(1 << 30, 1));
        Assert.False(guest.Served.Server.TryRead(new(1 << 30), new byte[1]));
        // The second half lies in no region: nothing of the first is written either.
        guest.Client.MapDma(new IovaRange(new(16 * Page), Page), 0, true, true, null);
        Assert.False(guest.Write((16 * Page) - 2, 1, 2, 3, 4));
        Assert.Equal([0, 0], guest.At((16 * Page) - 2, 2).ToArray());
    }

    [Fact]
    public void A_write_over_two_regions_is_written_and_marked_in_both()
    {
        using var guest = new MediatedGuest(16 * Page, 16 * Page, 16 * Page);
        IovaRange[] ranges = [new(new(0), 16 * Page), new(new(16 * Page), 16 * Page)];
        guest.Tracker.Start(ranges, PageSize.Size4K);
        var data = new byte[Page + 2];
        new Random(1).NextBytes(data);
        Assert.True(guest.Write((15 * Page) - 1, data));
        Assert.True(data.AsSpan().SequenceEqual(guest.At((15 * Page) - 1, data.Length)));
        var back = new byte[data.Length];
        Assert.True(guest.Served.Server.TryRead(new((15 * Page) - 1), back));
        Assert.Equal(data, back);
        using var bitmap = new DirtyBitmap(new(new(0), 32 * Page), PageSize.Size4K);
        Array.ForEach(ranges, range => guest.Tracker.Report(range, bitmap));
        Assert.True(bitmap.IsSet(14) && bitmap.IsSet(15) && bitmap.IsSet(16) && bitmap.Count() == 3);
    }

    [Fact]
    public void What_a_device_wrote_before_it_went_is_reported()
    {
        using var guest = new MediatedGuest(16 * Page);
        var all = new IovaRange(new(0), 16 * Page);
        guest.Tracker.Start([all], PageSize.Size4K);
        Assert.True(guest.Write(3 * Page, 1));
        guest.Served.Server.Stop();
        ServedDevice.WaitUntil(() => !guest.Client.IsConnected);
        Assert.False(guest.Write(4 * Page, 1));
        using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
        guest.Tracker.Report(all, bitmap);
        Assert.True(bitmap.IsSet(3) && bitmap.Count() == 1);
        guest.Tracker.Stop();
        guest.Tracker.Start([all], PageSize.Size4K);
    }

    [Fact]
    public void A_message_that_is_never_answered_is_marked_all_the_same()
    {
        using var guest = new RawGuest(MemoryBytes);
        var all = new IovaRange(new(0), MemoryBytes);
        guest.Tracker.Start([all], PageSize.Size4K);
        guest.Tell(VfioUserCommand.DmaWrite, [.. BitConverter.GetBytes(9 * Page), .. BitConverter.GetBytes(1UL), 7], hangUp: true);
        ServedDevice.WaitUntil(() => !guest.Client.IsConnected);
        using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
        // What came before the end is still carried out; it may not have come.
        ServedDevice.WaitUntil(() =>
        {
            guest.Tracker.Report(all, bitmap);
            return bitmap.IsSet(9);
        });
        Assert.Equal(7, guest.Memory[(int)(9 * Page)]);
    }

    [Fact]
    public void A_device_that_is_forbidden_to_write_writes_nothing_until_it_may()
    {
        using var guest = new MediatedGuest(16 * Page);
        guest.Memory.Forbid();
        Assert.False(guest.Write(0, 1));
        Assert.False(guest.Served.Server.TryRead(new(0), new byte[1]));
        Assert.Equal(0, guest.At(0, 1)[0]);
        guest.Memory.Allow();
        Assert.True(guest.Write(0, 1));
    }

    [Fact]
    public void Of_two_trackers_of_one_device_one_is_refused_and_the_other_goes_on()
    {
        using var guest = new MediatedGuest(16 * Page);
        var all = new IovaRange(new(0), 16 * Page);
        guest.Tracker.Start([all], PageSize.Size4K);
        using var second = new MediatedTracker(guest.Memory, new DmaSource("nic0"));
        Assert.Throws<TrackerStartException>(() => second.Start([all], PageSize.Size4K));
        Assert.False(second.IsStarted);
        Assert.True(guest.Write(5 * Page, 1));
        using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
        guest.Tracker.Report(all, bitmap);
        Assert.True(bitmap.IsSet(5));
        guest.Tracker.Stop();
        second.Start([all], PageSize.Size4K);
    }

    /// <summary>Copies as a migration does, beside a device that writes all the time: everything after the start, then what is reported.</summary>
    [Theory]
    [InlineData(12, false)]
    [InlineData(16, false)]
    [InlineData(12, true)]
    public void A_copy_made_by_the_reports_is_the_memory_unless_a_mark_is_lost(int pageShift, bool losesMarks)
    {
        using var guest = new MediatedGuest(MemoryBytes);
        var (all, pageSize) = (new IovaRange(new(0), MemoryBytes), new PageSize(1UL << pageShift));
        var copy = new byte[MemoryBytes];
        using var bitmap = new DirtyBitmap(all, pageSize);
        for (var round = 0; round < 5; round++)
        {
            using var writing = new Writer(guest, round);
            ServedDevice.WaitUntil(() => writing.Count > 20);
            guest.Tracker.Start([all], pageSize);
            guest.At(0, copy.Length).CopyTo(copy);
            for (var before = writing.Count; writing.Count < before + 200;)
            {
                CopyReported();
                Thread.Yield();
            }

            writing.Dispose();
            CopyReported();
            Assert.Equal(!losesMarks, guest.At(0, copy.Length).SequenceEqual(copy));
            guest.Tracker.Stop();
        }

        void CopyReported()
        {
            bitmap.Clear();
            guest.Tracker.Report(all, bitmap);
            foreach (var (first, count) in bitmap.Runs())
            {
                // What is lost is one page alone.
                for (var page = first; page < first + count; page++)
                {
                    if (!losesMarks || page != Writer.OftenWritten)
                    {
                        guest.At(page << pageShift, 1 << pageShift).CopyTo(copy.AsSpan((int)(page << pageShift)));
                    }
                }
            }
        }
    }

    /// <summary>A device that writes one word after the other, all over the memory and again and again at one place.</summary>
    private sealed class Writer : IDisposable
    {
        public const ulong OftenWritten = 33;
        private readonly Thread _thread;
        private volatile bool _stop;
        private volatile int _count;

        public Writer(MediatedGuest guest, int round)
        {
            _thread = new Thread(() => Write(guest, round));
            _thread.Start();
        }

        public int Count => _count;

        public void Dispose()
        {
            _stop = true;
            Assert.True(_thread.Join(ServedDevice.Soon));
        }

        private void Write(MediatedGuest guest, int round)
        {
            // Other values each time, or what is left from before would do.
            var random = new Random(round);
            for (var value = (round << 20) + 1; !_stop; value++, _count++)
            {
                var page = value % 4 == 0 ? OftenWritten : (ulong)random.Next((int)(MemoryBytes / Page));
                Assert.True(guest.Write((page * Page) + ((ulong)random.Next(1000) * 4), BitConverter.GetBytes(value)));
            }
        }
    }

    /// <summary>A client with mediated memory whose device says what it is told to.</summary>
    private sealed class RawGuest : IDisposable
    {
        private readonly Linux.Memory.MappedMemory _bytes;
        private readonly UnixSocket _socket;
        private readonly RawPeer _peer;

        public RawGuest(ulong memoryBytes)
        {
            _bytes = Linux.Memory.MappedMemory.MapAnonymous(memoryBytes, Linux.Memory.MemoryProtection.Read | Linux.Memory.MemoryProtection.Write);
            var memory = new MediatedMemory(new GuestMemory([new(new(0), memoryBytes, _bytes.Address, 0)]));
            Tracker = new MediatedTracker(memory, new DmaSource("nic0"));
            (var mine, _socket) = UnixSocket.CreatePair();
            _peer = new RawPeer(_socket);
            var answering = new Thread(() =>
            {
                _peer.AnswerVersion();
                for (var i = 0; i < 5; i++)
                {
                    var map = _peer.Receive()!.Value;
                    _peer.Send(map.Command, [], map.Id, flags: 1);
                }
            });
            answering.Start();
            Client = VfioUserClient.Attach(mine, new VfioUserClientOptions { DmaHandler = memory });
            Client.MapDma(Pages(0, 4), 0, true, true, null);
            Client.MapDma(Pages(4, 1), 0, true, false, null);
            Client.MapDma(Pages(5, 3), 0, true, true, null);
            Client.MapDma(Pages(8, 1), 0, false, true, null);
            Client.MapDma(Pages(9, (memoryBytes / Page) - 9), 0, true, true, null);
            answering.Join();
        }

        public MediatedTracker Tracker { get; }

        public VfioUserClient Client { get; }

        public Span<byte> Memory => _bytes.GetSpan(0, (int)_bytes.LengthBytes);

        /// <summary>Sends a command and gives the payload of the answer; false where that is an error.</summary>
        public bool Ask(VfioUserCommand command, ReadOnlySpan<byte> payload, out byte[] reply)
        {
            _peer.Send((ushort)command, payload, id: 9);
            var answer = _peer.Receive()!.Value;
            Assert.Equal((9, (ushort)command), (answer.Id, answer.Command));
            reply = answer.Payload;
            return answer.Errno == 0;
        }

        public void Tell(VfioUserCommand command, ReadOnlySpan<byte> payload, bool hangUp)
        {
            _peer.Send((ushort)command, payload, id: 9);
            if (hangUp)
            {
                _peer.Shutdown();
            }
        }

        public void Dispose()
        {
            Tracker.Dispose();
            Client.Dispose();
            _peer.Dispose();
            _bytes.Dispose();
        }

        private static IovaRange Pages(ulong first, ulong count) => new(new(first * Page), count * Page);
    }
}
