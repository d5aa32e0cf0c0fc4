using Ferry.Linux.Vfio;
using Xunit;
using static Ferry.Linux.Vfio.VfioDeviceState;

namespace Ferry.Linux.Tests.Vfio;

public sealed class VfioStateArcsTests
{
    private const VfioMigrationFlags Everything = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    // As vfio.h and the kernel's own stepping list them for a device that has every state; what is missing here is refused.
    private static readonly VfioDeviceState[][] Paths =
    [
        [PreCopy, PreCopyP2P], [PreCopy, PreCopyP2P, StopCopy], [PreCopy, Running], [PreCopy, Running, RunningP2P],
        [PreCopy, Running, RunningP2P, Stop], [PreCopy, Running, RunningP2P, Stop, Resuming],
        [PreCopyP2P, PreCopy], [PreCopyP2P, StopCopy], [PreCopyP2P, RunningP2P], [PreCopyP2P, RunningP2P, Running],
        [PreCopyP2P, RunningP2P, Stop], [PreCopyP2P, RunningP2P, Stop, Resuming],
        [Resuming, Stop], [Resuming, Stop, RunningP2P], [Resuming, Stop, RunningP2P, PreCopyP2P], [Resuming, Stop, RunningP2P, Running],
        [Resuming, Stop, RunningP2P, Running, PreCopy], [Resuming, Stop, StopCopy],
        [Running, PreCopy], [Running, RunningP2P], [Running, RunningP2P, PreCopyP2P], [Running, RunningP2P, Stop],
        [Running, RunningP2P, Stop, Resuming], [Running, RunningP2P, Stop, StopCopy],
        [RunningP2P, PreCopyP2P], [RunningP2P, Running], [RunningP2P, Stop], [RunningP2P, Running, PreCopy],
        [RunningP2P, Stop, Resuming], [RunningP2P, Stop, StopCopy],
        [Stop, Resuming], [Stop, RunningP2P], [Stop, StopCopy], [Stop, RunningP2P, PreCopyP2P], [Stop, RunningP2P, Running],
        [Stop, RunningP2P, Running, PreCopy],
        [StopCopy, Stop], [StopCopy, Stop, Resuming], [StopCopy, Stop, RunningP2P], [StopCopy, Stop, RunningP2P, Running],
    ];

    public static TheoryData<VfioMigrationFlags> AllFlags =>
    [
        VfioMigrationFlags.StopCopy, VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P,
        VfioMigrationFlags.StopCopy | VfioMigrationFlags.PreCopy, Everything,
    ];

    [Theory]
    [MemberData(nameof(AllFlags))]
    public void Every_pair_of_states_takes_the_listed_way_without_missing_states_or_none(VfioMigrationFlags flags)
    {
        foreach (var from in Enum.GetValues<VfioDeviceState>())
        {
            foreach (var to in Enum.GetValues<VfioDeviceState>())
            {
                var listed = Paths.SingleOrDefault(path => path[0] == from && path[^1] == to);
                var supported = VfioStateArcs.IsSupported(from, flags) && VfioStateArcs.IsSupported(to, flags);
                var expected = supported && (listed is not null || (from == to && from != Error));
                Assert.Equal(expected, VfioStateArcs.TryGetPath(from, to, flags, out var path));
                var states = expected && listed is not null ? listed[1..].Where(state => VfioStateArcs.IsSupported(state, flags)) : [];
                Assert.Equal(states, path);
                Assert.Equal(expected && path.Count == 1, VfioStateArcs.IsArc(from, to, flags));
                Assert.True(path.Count <= VfioStateArcs.MaxPathStates);
            }
        }
    }

    [Fact]
    public void Optional_states_need_their_flags()
    {
        Assert.False(VfioStateArcs.IsSupported(PreCopyP2P, VfioMigrationFlags.StopCopy | VfioMigrationFlags.PreCopy));
        Assert.False(VfioStateArcs.IsSupported(RunningP2P, VfioMigrationFlags.P2P));
        Assert.False(VfioStateArcs.IsSupported(Stop, VfioMigrationFlags.None));
        Assert.True(VfioStateArcs.IsSupported(Error, VfioMigrationFlags.None));
    }

    [Fact]
    public void A_number_that_is_no_state_is_refused_not_stepped_to()
    {
        Assert.False(VfioStateArcs.TryGetPath(Running, (VfioDeviceState)8, Everything, out _));
        Assert.False(VfioStateArcs.TryGetPath((VfioDeviceState)(-1), Stop, Everything, out _));
    }
}
