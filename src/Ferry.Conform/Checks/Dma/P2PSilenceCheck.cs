using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Dma;

/// <summary>A device in a P2P state does not reach other devices.</summary>
internal sealed class P2PSilenceCheck : ICheck
{
    private const int Tries = 4;

    public string Name => "p2p-silence";

    public string Rule => "When the way to a P2P state has returned the device writes no other device's region; it may still write memory.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.P2P | CheckNeeds.PeerStimulus;

    public string? Run(CheckContext context)
    {
        foreach (var state in context.States.Where(state => state is VfioDeviceState.RunningP2P or VfioDeviceState.PreCopyP2P))
        {
            for (var i = 0; i < Tries; i++)
            {
                Check(context, state);
            }
        }

        return null;
    }

    private static void Check(CheckContext context, VfioDeviceState state)
    {
        var name = VfioStateNames.Of(state);
        context.Begin($"{name} at work that reaches another device");
        context.BeginStimulus(toPeer: true);
        if (state == VfioDeviceState.PreCopyP2P)
        {
            context.Go(VfioDeviceState.PreCopy);
        }

        context.Memory.Remember();
        context.Work(CheckContext.WorkPieces);
        CheckContext.Require(context.Memory.CountChangedPeer() > 0, "in RUNNING it wrote nothing to the other device's region, so its silence says nothing");
        context.GiveAll();
        context.Device.SetState(state);
        Silence.RequireSince(context, $"in {name}", withRam: false);
        context.RequireState(state);
        context.Go(VfioDeviceState.Running);
        context.Finish();
    }
}
