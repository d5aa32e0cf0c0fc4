using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.Tracking.AddressSpaces;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, for <see cref="TranslatedTracker"/> on a device over a socket whose addresses are strewn over an
/// aperture, in blocks of the size of a coarser page.</summary>
public sealed class TranslatedTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    private sealed class Fixture : ITrackerFixture
    {
        private const ulong Pages = 256;
        private const ulong Blocks = 16;
        private const ulong BlockBytes = 16 << 12;
        private readonly ServedDevice _served = new();
        private readonly VfioUserClient _client;
        private readonly MemoryFile _memory = MemoryFile.Create("test-guest", Pages << 12);
        private readonly AddressSpace _space = new(new(new(1UL << 40), (2 * Pages) << 12), (int)Blocks);

        public Fixture()
        {
            _client = _served.Connect();
            Assert.True(DeviceTracker.TryCreate(_client, new DmaSource("nic0"), null, out var log));
            Tracker = new TranslatedTracker(log, _space);
            for (ulong block = 0; block < Blocks; block++)
            {
                var mapping = new AddressSpaceMapping(new(AddressOf(block), BlockBytes), new(Range.Start.Value + (block * BlockBytes)), true);
                Assert.True(_space.TryAdd(mapping));
                _client.MapDma(mapping.Range, block * BlockBytes, true, true, _memory.Handle);
            }
        }

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; } = DmaTests.Pages(512, Pages);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => _served.Device.Write(new(AddressOf(page / 16).Value + (page % 16 << 12)), [1]);

        public void Dispose()
        {
            Tracker.Dispose();
            _client.Dispose();
            _served.Dispose();
            _memory.Dispose();
        }

        // 5 and 16 have no factor in common, and every second block stays free.
        private Iova AddressOf(ulong block) => new(_space.Aperture.Start.Value + (block * 5 % Blocks * 2 * BlockBytes));
    }
}
