using Ferry.Linux;
using Ferry.Memory;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>Machines of several slots whose kernel refuses to switch one of them.</summary>
public sealed class KvmSlotLoggingTests
{
    private static readonly KvmSlot[] Slots = [.. Enumerable.Range(0, 4).Select(i => new KvmSlot((uint)i, new(new((ulong)i << 32), 1 << 20, default, 0)))];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void A_slot_that_can_not_be_logged_leaves_none_logged(uint refused)
    {
        var calls = new SwitchedSlots { RefusedOn = refused };
        using var tracker = new KvmLogTracker(calls, Slots);
        var failure = Assert.Throws<TrackerStartException>(() => tracker.Start([Slots[0].Region.Range], PageSize.Size4K));
        Assert.Contains("kvm-log", failure.Message);
        Assert.False(tracker.IsStarted);
        Assert.Empty(calls.Logged);
    }

    [Fact]
    public void A_slot_that_can_not_be_switched_off_keeps_no_other_on()
    {
        var calls = new SwitchedSlots { RefusedOff = 1 };
        using var ring = new KvmRingTracker(calls, [], Slots);
        ring.Start([Slots[2].Region.Range], PageSize.Size4K);
        Assert.Equal(4, calls.Logged.Count);
        ring.Stop();
        Assert.False(ring.IsStarted);
        Assert.Equal([1], calls.Logged);
        calls.RefusedOff = null;
        ring.Start([Slots[2].Region.Range], PageSize.Size4K);
        ring.Dispose();
        Assert.Empty(calls.Logged);
    }

    /// <summary>Which slots are logged, and which one the kernel won't switch.</summary>
    private sealed class SwitchedSlots : IKvmDirtyCalls
    {
        public HashSet<uint> Logged { get; } = [];

        public uint? RefusedOn { get; init; }

        public uint? RefusedOff { get; set; }

        public void SetLogging(KvmSlot slot, bool on)
        {
            if (slot.Slot == (on ? RefusedOn : RefusedOff))
            {
                throw new KernelCallException("ioctl(test)", 12, $"slot {slot.Slot}");
            }

            _ = on ? Logged.Add(slot.Slot) : Logged.Remove(slot.Slot);
        }

        public void GetDirtyLog(uint slot, Span<ulong> words) => words.Clear();

        public void ClearDirtyLog(uint slot, ulong firstPage, uint pageCount, ReadOnlySpan<ulong> words)
        {
        }

        public int ResetDirtyRings() => 0;
    }
}
