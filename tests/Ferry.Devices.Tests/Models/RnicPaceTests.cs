using Ferry.Devices.Models;
using Xunit;

namespace Ferry.Devices.Tests.Models;

public sealed class RnicPaceTests
{
    private readonly Clock _clock = new();

    [Theory]
    [InlineData(1_000_000UL, 4096)]
    [InlineData(100_000_000UL, 4096)]
    [InlineData(500UL, 1024)]
    public void Over_a_second_the_rate_is_met_and_never_exceeded_by_more_than_a_burst(ulong rate, int messageBytes)
    {
        var pace = new RnicPace(rate, messageBytes, _clock);
        var burst = messageBytes + (rate * 0.004);
        var sent = 0UL;
        for (var elapsed = 0; elapsed < 10_000; elapsed++)
        {
            _clock.Now += TimeSpan.FromMilliseconds(1).Ticks;
            for (; pace.IsDue(); pace.Spend())
            {
                sent += (ulong)messageBytes;
            }

            Assert.True(sent <= ((double)rate * (elapsed + 1) / 1000) + burst);
        }

        Assert.InRange(sent, (ulong)(rate * 10.0 - burst - messageBytes), (ulong)((rate * 10.0) + burst));
    }

    [Fact]
    public void A_long_wait_is_not_made_good_by_a_flood()
    {
        var pace = new RnicPace(1_000_000, 1000, _clock);
        _clock.Now += TimeSpan.FromMinutes(10).Ticks;
        var sent = 0;
        for (; pace.IsDue(); pace.Spend())
        {
            sent++;
        }

        Assert.Equal(5, sent);
        Assert.Equal(TimeSpan.FromMilliseconds(1), pace.UntilDue());
        _clock.Now += TimeSpan.FromMinutes(10).Ticks;
        pace.Restart();
        Assert.False(pace.IsDue());
    }

    [Fact]
    public void No_limit_is_always_due_and_a_rate_of_zero_never()
    {
        var free = new RnicPace(null, 64, _clock);
        var none = new RnicPace(0, 64, _clock);
        _clock.Now++;
        for (var i = 0; i < 1000; i++, free.Spend())
        {
            Assert.True(free.IsDue());
        }

        Assert.Equal(TimeSpan.Zero, free.UntilDue());
        _clock.Now += TimeSpan.FromDays(1).Ticks;
        Assert.False(none.IsDue());
        Assert.Equal(TimeSpan.FromMilliseconds(100), none.UntilDue());
    }

    private sealed class Clock : TimeProvider
    {
        public long Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now;
    }
}
