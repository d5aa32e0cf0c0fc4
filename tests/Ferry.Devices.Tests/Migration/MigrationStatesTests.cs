using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;
using Xunit;

namespace Ferry.Devices.Tests.Migration;

public sealed class MigrationStatesTests
{
    private const VfioMigrationFlags Everything = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    public static TheoryData<VfioMigrationFlags> AllFlags =>
    [
        VfioMigrationFlags.None, VfioMigrationFlags.StopCopy, VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P,
        VfioMigrationFlags.StopCopy | VfioMigrationFlags.PreCopy, Everything,
    ];

    [Theory]
    [MemberData(nameof(AllFlags))]
    public void Every_request_takes_single_arcs_or_is_refused_and_changes_nothing(VfioMigrationFlags flags)
    {
        foreach (var from in Enum.GetValues<VfioDeviceState>())
        {
            foreach (var to in Enum.GetValues<VfioDeviceState>())
            {
                var taken = new List<(VfioDeviceState From, VfioDeviceState To)>();
                var states = new MigrationStates(flags, (a, b) => taken.Add((a, b)));
                if (from != VfioDeviceState.Running && !VfioStateArcs.TryGetPath(VfioDeviceState.Running, from, flags, out _))
                {
                    continue;
                }

                if (from != VfioDeviceState.Running)
                {
                    states.Set(from);
                }

                taken.Clear();
                if (VfioStateArcs.TryGetPath(from, to, flags, out var path))
                {
                    states.Set(to);
                    Assert.Equal(path, taken.Select(arc => arc.To));
                    Assert.All(taken, arc => Assert.True(VfioStateArcs.IsArc(arc.From, arc.To, flags)));
                    Assert.Equal(to, states.Current);
                }
                else
                {
                    Assert.Equal(22, Assert.Throws<VfioUserException>(() => states.Set(to)).Errno);
                    Assert.Equal(from, states.Current);
                    Assert.Empty(taken);
                }
            }
        }
    }

    [Fact]
    public void A_device_that_fails_in_an_arc_is_in_error_until_it_is_reset()
    {
        var states = new MigrationStates(Everything, (_, to) =>
        {
            if (to == VfioDeviceState.Stop)
            {
                throw new InvalidOperationException("stuck");
            }
        });
        Assert.Throws<InvalidOperationException>(() => states.Set(VfioDeviceState.StopCopy));
        Assert.Equal(VfioDeviceState.Error, states.Current);
        foreach (var state in Enum.GetValues<VfioDeviceState>())
        {
            Assert.Throws<VfioUserException>(() => states.Set(state));
        }

        states.Reset();
        states.Set(VfioDeviceState.PreCopy);
        Assert.Equal(VfioDeviceState.PreCopy, states.Current);
    }
}
