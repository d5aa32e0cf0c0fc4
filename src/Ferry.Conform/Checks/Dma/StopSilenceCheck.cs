using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Dma;

/// <summary>A device that has stopped writes nothing.</summary>
internal sealed class StopSilenceCheck : ICheck
{
    private const int Tries = 4;
    private const int TriesForWork = 16;

    public string Name => "stop-silence";

    public string Rule => "When the way to STOP, STOP_COPY or RESUMING has returned the device writes no memory and raises no interrupt, and what it had left to do is done when it runs again.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration | CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        (VfioDeviceState From, VfioDeviceState To)[] stops =
        [
            (VfioDeviceState.Running, VfioDeviceState.Stop),
            (VfioDeviceState.Running, VfioDeviceState.StopCopy),
            .. context.HasPreCopy ? [(VfioDeviceState.PreCopy, VfioDeviceState.StopCopy)] : Array.Empty<(VfioDeviceState, VfioDeviceState)>(),
            .. context.Abilities.CanReset ? [(VfioDeviceState.Running, VfioDeviceState.Resuming)] : Array.Empty<(VfioDeviceState, VfioDeviceState)>(),
        ];
        // A fast device may do everything before it stops; it is stopped again until it has not.
        var (atWork, all) = (0, 0);
        for (var i = 0; i < Tries || (atWork == 0 && i < TriesForWork); i++)
        {
            foreach (var (from, to) in stops)
            {
                atWork += StopAtWork(context, from, to) ? 1 : 0;
                all++;
            }
        }

        return atWork > 0 ? FormattableString.Invariant($"{atWork} of {all} stops found it with work left")
            : throw new NotApplicableException(FormattableString.Invariant($"in {all} tries it had finished all its work before it stopped, so its silence says nothing"));
    }

    private static bool StopAtWork(CheckContext context, VfioDeviceState from, VfioDeviceState to)
    {
        context.Begin($"{VfioMigrationNames.Of(from)} -> {VfioMigrationNames.Of(to)} at work");
        context.BeginStimulus();
        using var interrupts = context.ListenToInterrupts();
        context.Work(CheckContext.WorkPieces);
        if (from != VfioDeviceState.Running)
        {
            context.Go(from);
        }

        context.GiveAll();
        context.Device.SetState(to);
        interrupts?.Take();
        // Sooner known than a copy of memory is taken.
        var left = context.CountOutstanding();
        Silence.RequireSince(context, $"in {VfioMigrationNames.Of(to)}", withRam: true);
        CheckContext.Require(
            context.CountOutstanding() == left, FormattableString.Invariant($"in {VfioMigrationNames.Of(to)} it finished {left - context.CountOutstanding()} pieces of work"));
        var raised = interrupts?.Take() ?? 0;
        CheckContext.Require(raised == 0, FormattableString.Invariant($"in {VfioMigrationNames.Of(to)} it raised {raised} interrupts"));
        context.RequireState(to);
        if (to == VfioDeviceState.Resuming)
        {
            // It waits for a state, and what it had to do is gone.
            return left > 0;
        }

        context.Go(VfioDeviceState.Running);
        context.Finish();
        return left > 0;
    }
}
