using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Dma;

/// <summary>A device in a P2P state does not reach other devices.</summary>
internal sealed class P2PSilenceCheck : ICheck
{
    private const int Tries = 2;

    // By each arc that leads to a P2P state; the third is the destination's.
    private static readonly VfioDeviceState[][] Ways =
    [
        [VfioDeviceState.RunningP2P],
        [VfioDeviceState.PreCopy, VfioDeviceState.PreCopyP2P],
        [VfioDeviceState.Stop, VfioDeviceState.RunningP2P],
        [VfioDeviceState.RunningP2P, VfioDeviceState.PreCopyP2P],
    ];

    public string Name => "p2p-silence";

    public string Rule => "When the way to a P2P state has returned, from RUNNING, from STOP or from PRE_COPY, the device writes no other device's region, also by work that it is given there; it may still write memory.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.P2P | CheckNeeds.PeerStimulus;

    public string? Run(CheckContext context)
    {
        foreach (var way in Ways.Where(way => way.All(context.States.Contains)))
        {
            for (var i = 0; i < Tries; i++)
            {
                Check(context, way);
            }
        }

        return null;
    }

    private static void Check(CheckContext context, VfioDeviceState[] way)
    {
        var name = VfioMigrationNames.Of(way[^1]);
        context.Begin($"{string.Join(", ", way.Select(VfioMigrationNames.Of))} at work that reaches another device");
        context.BeginStimulus(toPeer: true);
        context.Memory.Remember();
        context.Work(CheckContext.WorkPieces);
        CheckContext.Require(context.Memory.CountChangedPeer() > 0, "in RUNNING it wrote nothing to the other device's region, so its silence says nothing");
        context.GiveAll();
        foreach (var state in way)
        {
            context.Device.SetState(state);
        }

        Silence.RequireSince(context, $"in {name}", withRam: false, meanwhile: () => context.GiveAll());
        context.RequireState(way[^1]);
        context.Go(VfioDeviceState.Running);
        context.Finish();
    }
}
