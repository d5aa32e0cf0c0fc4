using Ferry.Devices.Dma;
using Ferry.Devices.Hosting;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.Devices.Tests.Hosting;

/// <summary>The tracker contract, on a device whose log reports what it has pinned.</summary>
public sealed class PinnedTrackerContractTests : DirtyTrackerContract
{
    private static readonly ulong[] HeldForWrite = [20, 21, 130];

    [Fact]
    public void The_device_says_that_it_is_not_exact_and_reports_what_it_holds_every_time()
    {
        using var fixture = new Fixture();
        Assert.Equal(TrackingPrecision.PinnedForWrite, fixture.Tracker.Coverage.Precision);
        fixture.Tracker.Start([fixture.Range], PageSize.Size4K);
        fixture.Write(3);
        using var bitmap = new DirtyBitmap(fixture.Range, PageSize.Size4K);
        foreach (var expected in (ulong[][])[[3, .. HeldForWrite], HeldForWrite, HeldForWrite])
        {
            bitmap.Clear();
            fixture.Tracker.Report(fixture.Range, bitmap);
            Assert.Equal(expected, Enumerable.Range(0, 256).Select(page => (ulong)page).Where(bitmap.IsSet));
        }
    }

    protected override ITrackerFixture CreateFixture() => new Fixture();

    private sealed class Fixture : ITrackerFixture
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-");
        private readonly CancellationTokenSource _stop = new();
        private readonly MemoryFile _memory = MemoryFile.Create("test-guest", 1 << 20);
        private readonly PinningDevice _device = new();
        private readonly Thread _server;
        private readonly VfioUserClient _client;

        public Fixture()
        {
            var socket = Path.Combine(_folder.FullName, "device.sock");
            _server = new Thread(() => DeviceHost.Run(_device, socket, _stop.Token)) { IsBackground = true };
            _server.Start();
            _client = VfioUserClient.Connect(socket, new VfioUserClientOptions { ConnectTimeout = TimeSpan.FromSeconds(20) });
            _client.MapDma(Range, 0, true, true, _memory.Handle);
            foreach (var page in HeldForWrite)
            {
                Assert.True(_device.Memory.TryPin(At(page), 1, DmaAccess.Write));
            }

            Assert.True(_device.Memory.TryPin(At(30), 8 * 4096, DmaAccess.Read));
            Assert.True(DeviceTracker.TryCreate(_client, new DmaSource("nic0"), null, out var tracker));
            Tracker = tracker;
        }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; } = new(new(512 << 12), 1 << 20);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _device.Write(At(page));

        public void Dispose()
        {
            Tracker.Dispose();
            _client.Dispose();
            _stop.Cancel();
            _server.Join();
            _stop.Dispose();
            _device.Dispose();
            _memory.Dispose();
            _folder.Delete(recursive: true);
        }

        private Iova At(ulong page) => new(Range.Start.Value + (page << 12));
    }
}
