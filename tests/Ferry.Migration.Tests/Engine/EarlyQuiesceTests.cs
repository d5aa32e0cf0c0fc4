using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>A device that stops before the rounds while the guest goes on.</summary>
public sealed class EarlyQuiesceTests
{
    [Fact]
    public void It_stops_before_tracking_begins_and_moves_with_its_state()
    {
        using var pair = NewPair();
        var startedWhenStopped = true;
        pair.SourceDevice.OnState = next => startedWhenStopped = next == VfioDeviceState.Stop ? pair.Tracker.IsStarted : startedWhenStopped;
        pair.AssertMoved(pair.Run());
        Assert.False(startedWhenStopped);
        Assert.Equal([VfioDeviceState.RunningP2P, VfioDeviceState.Stop, VfioDeviceState.StopCopy], pair.SourceDevice.States);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_guest_that_needs_it_gets_it_back_and_stays(bool late)
    {
        using var pair = NewPair();
        pair.SourceOptions = pair.SourceOptions with { BandwidthBytesPerSecond = 16 << 20 };
        if (late)
        {
            // The vCPUs could not be stopped, for one stands within an access.
            pair.Source.OnPause = () =>
            {
                pair.SourceDevice.IsAccessed = true;
                throw new InvalidOperationException("A vCPU waits for nic0.");
            };
        }
        else
        {
            pair.SourceDevice.IsAccessed = true;
        }

        var reports = pair.Run();
        pair.AssertRolledBack(reports);
        Assert.Contains("nic0", reports.Source.Reason, StringComparison.Ordinal);
        Assert.False(pair.SourceDevice.IsAwaited);
    }

    private static Pair NewPair()
    {
        var pair = new Pair();
        pair.Fill();
        var plan = Pair.PlanOf(pair.SourceDevice, verify: true, quiesceEarly: true);
        pair.SourceOptions = pair.SourceOptions with { Plan = plan };
        pair.DestinationOptions = pair.DestinationOptions with { Load = plan.Load, Start = plan.Start };
        return pair;
    }
}
