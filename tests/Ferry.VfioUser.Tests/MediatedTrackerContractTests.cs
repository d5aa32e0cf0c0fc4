using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>The tracker contract, on a device whose every write is a message.</summary>
public sealed class MediatedTrackerContractTests : DirtyTrackerContract
{
    protected override ITrackerFixture CreateFixture() => new Fixture();

    private sealed class Fixture : ITrackerFixture
    {
        // Twice the range.
        private readonly MediatedGuest _guest = new(4 << 20);

        public Fixture() => Tracker = new MediatedTracker(_guest.Memory, new DmaSource("nic0"));

        public IDirtyTracker Tracker { get; }

        public IovaRange Range { get; } = DmaTests.Pages(0, 512);

        public PageSize PageSize => PageSize.Size4K;

        public void Write(ulong page) => Assert.True(_guest.Write((page << 12) + 17, 1));

        public void Dispose()
        {
            Tracker.Dispose();
            _guest.Dispose();
        }
    }
}
