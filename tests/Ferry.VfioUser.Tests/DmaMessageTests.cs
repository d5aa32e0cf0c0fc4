using Ferry.Memory;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Xunit;

namespace Ferry.VfioUser.Tests;

public sealed class DmaMessageTests : IDisposable
{
    private const int MemoryBytes = GuestBytes.MappedBytes;
    private readonly GuestBytes _guest = new();
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;

    public DmaMessageTests()
    {
        _client = _served.Connect(new VfioUserClientOptions { DmaHandler = _guest });
        _client.MapDma(new IovaRange(new Iova(0), MemoryBytes), 0, true, true, null);
    }

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
        _guest.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData((1 << 20) + 17)]
    [InlineData(3 << 20)]
    public void What_the_device_writes_it_reads_back_however_much_it_is(int lengthBytes)
    {
        var data = new byte[lengthBytes];
        new Random(lengthBytes).NextBytes(data);
        Assert.True(_served.Server.TryWrite(new Iova(77), data));
        Assert.True(data.AsSpan().SequenceEqual(_guest.Span(77, lengthBytes)));
        var got = new byte[lengthBytes];
        Assert.True(_served.Server.TryRead(new Iova(77), got));
        Assert.True(data.AsSpan().SequenceEqual(got));
    }

    [Fact]
    public void A_device_that_waits_for_DMA_inside_a_command_gets_its_answer()
    {
        _served.Device.OnRegisterWrite = (offset, data) =>
        {
            Assert.True(_served.Server.TryWrite(new Iova(offset), data));
            var back = new byte[data.Length];
            Assert.True(_served.Server.TryRead(new Iova(offset), back));
            Assert.Equal(data, back);
        };
        for (var i = 0; i < 50; i++)
        {
            _client.RegionWrite(TestDevice.Registers, (ulong)i * 4, BitConverter.GetBytes(i));
            Assert.Equal(i, BitConverter.ToInt32(_guest.Span((ulong)i * 4, 4)));
        }

        Assert.Empty(_served.Errors);
    }

    [Fact]
    public void A_device_that_waits_inside_a_command_for_its_own_thread_doing_DMA_does_not_hang()
    {
        _served.Device.OnRegisterWrite = (_, data) =>
        {
            var worker = new Thread(() => _served.Server.TryWrite(new Iova(0), data));
            worker.Start();
            Assert.True(worker.Join(ServedDevice.Soon));
        };
        for (var i = 1; i < 50; i++)
        {
            _client.RegionWrite(TestDevice.Registers, 0, BitConverter.GetBytes(i));
            Assert.Equal(i, BitConverter.ToInt32(_guest.Span(0, 4)));
        }

        Assert.Empty(_served.Errors);
    }

    [Fact]
    public void Both_directions_from_several_threads_at_once_mix_nothing_up()
    {
        const int threads = 4, rounds = 150;
        _served.Device.OnRegisterWrite = (offset, data) => _served.Server.TryWrite(new Iova((1 << 20) + offset), data);
        var errors = 0;
        var workers = new List<Thread>();
        for (var t = 0; t < threads; t++)
        {
            var own = t;
            workers.Add(new Thread(() =>
            {
                var got = new byte[64];
                for (var i = 0; i < rounds; i++)
                {
                    var data = Enumerable.Repeat((byte)(i + own), 64).ToArray();
                    _client.RegionWrite(TestDevice.Registers, (ulong)own * 64, data);
                    _client.RegionRead(TestDevice.Registers, (ulong)own * 64, got);
                    errors += got.AsSpan().SequenceEqual(data) && _guest.Span((1 << 20) + ((ulong)own * 64), 64).SequenceEqual(data) ? 0 : 1;
                }
            }));
            workers.Add(new Thread(() =>
            {
                var got = new byte[5000];
                for (var i = 0; i < rounds; i++)
                {
                    var data = Enumerable.Repeat((byte)(i * 3), got.Length).ToArray();
                    var at = new Iova((2UL << 20) + ((ulong)own * 8192));
                    errors += _served.Server.TryWrite(at, data) && _served.Server.TryRead(at, got) && got.AsSpan().SequenceEqual(data) ? 0 : 1;
                }
            }));
        }

        workers.ForEach(worker => worker.Start());
        Assert.All(workers, worker => Assert.True(worker.Join(TimeSpan.FromSeconds(60))));
        Assert.Equal(0, errors);
        Assert.Empty(_served.Errors);
    }

    [Theory]
    [InlineData((ulong)MemoryBytes, 1)]
    [InlineData((ulong)MemoryBytes - 1, 2)]
    [InlineData(ulong.MaxValue, 1)]
    [InlineData(ulong.MaxValue - 4, 16)]
    public void DMA_to_what_is_not_mapped_is_refused_and_the_connection_lives(ulong start, int lengthBytes)
    {
        Assert.False(_served.Server.TryWrite(new Iova(start), new byte[lengthBytes]));
        Assert.False(_served.Server.TryRead(new Iova(start), new byte[lengthBytes]));
        Assert.True(_served.Server.TryWrite(new Iova(0), new byte[8]));
    }

    [Fact]
    public void DMA_keeps_to_what_a_mapping_allows()
    {
        var (readable, writable) = (new Iova(8 << 20), new Iova(9 << 20));
        _client.MapDma(new IovaRange(readable, 4096), 0, true, false, null);
        _client.MapDma(new IovaRange(writable, 4096), 0, false, true, null);
        Assert.False(_served.Server.TryWrite(readable, new byte[8]));
        Assert.False(_served.Server.TryRead(writable, new byte[8]));
        _client.UnmapAllDma();
        Assert.False(_served.Server.TryWrite(new Iova(0), new byte[8]));
    }

    [Fact]
    public void Without_a_client_or_a_handler_DMA_is_refused()
    {
        _client.Dispose();
        ServedDevice.WaitUntil(() => !_served.Server.HasClient);
        Assert.False(_served.Server.TryWrite(new Iova(0), new byte[8]));
        using var client = _served.Connect();
        client.MapDma(new IovaRange(new Iova(0), 4096), 0, true, true, null);
        Assert.False(_served.Server.TryWrite(new Iova(0), new byte[8]));
    }

    [Fact]
    public void A_client_that_takes_little_at_once_is_sent_little()
    {
        _client.Dispose();
        using var client = _served.Connect(new VfioUserClientOptions
        {
            DmaHandler = _guest,
            Capabilities = VfioUserCapabilities.Own with { MaxDataTransferBytes = 64 },
        });
        client.MapDma(new IovaRange(new Iova(0), MemoryBytes), 0, true, true, null);
        var data = new byte[1000];
        new Random(3).NextBytes(data);
        Assert.True(_served.Server.TryWrite(new Iova(5), data));
        Assert.Equal(64, _guest.LargestWrite);
        Assert.True(data.AsSpan().SequenceEqual(_guest.Span(5, 1000)));
    }

    [Fact]
    public void Unmapping_waits_for_the_message_that_is_under_way()
    {
        using var handler = new SlowHandler();
        using var served = new ServedDevice();
        using var client = served.Connect(new VfioUserClientOptions { DmaHandler = handler });
        var range = new IovaRange(new(0), 4096);
        client.MapDma(range, 0, true, true, null);
        var writing = new Thread(() => served.Server.TryWrite(new(0), [1]));
        writing.Start();
        Assert.True(handler.Entered.Wait(ServedDevice.Soon, TestContext.Current.CancellationToken));
        var unmapping = new Thread(() => client.UnmapDma(range));
        unmapping.Start();
        Assert.False(unmapping.Join(TimeSpan.FromMilliseconds(50)));
        handler.Leave.Set();
        Assert.True(unmapping.Join(ServedDevice.Soon) && writing.Join(ServedDevice.Soon));
        Assert.False(served.Server.TryWrite(new(0), [1]));
        Assert.Equal(1, handler.Calls);
    }

    private sealed class SlowHandler : IDmaHandler, IDisposable
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim Leave { get; } = new();

        public int Calls { get; private set; }

        public bool TryRead(Iova start, Span<byte> data) => false;

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
        {
            Calls++;
            Entered.Set();
            return Leave.Wait(ServedDevice.Soon);
        }

        public void Dispose()
        {
            Entered.Dispose();
            Leave.Dispose();
        }
    }
}
