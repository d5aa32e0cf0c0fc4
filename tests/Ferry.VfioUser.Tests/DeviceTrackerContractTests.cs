using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, on a device that is served over a socket.</summary>
public sealed class DeviceTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    private sealed class Fixture : ITrackerFixture
    {
        private readonly ServedDevice _served = new();
        private readonly VfioUserClient _client;
        private readonly MemoryFile _memory = MemoryFile.Create("test-guest", 1 << 20);

        public Fixture()
        {
            _client = _served.Connect();
            _client.MapDma(Range, 0, true, true, _memory.Handle);
            Assert.True(DeviceTracker.TryCreate(_client, new DmaSource("nic0"), null, out var tracker));
            Tracker = tracker;
        }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; } = DmaTests.Pages(512, 256);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _served.Device.Write(new Iova(Range.Start.Value + (page << 12)), [1]);

        public void Dispose()
        {
            Tracker.Dispose();
            _client.Dispose();
            _served.Dispose();
            _memory.Dispose();
        }
    }
}
