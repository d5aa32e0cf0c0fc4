using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Dma;

/// <summary>A device that runs does its work, so that its silence elsewhere means something.</summary>
internal sealed class DmaRunsCheck : ICheck
{
    public string Name => "dma-runs";

    public string Rule => "In RUNNING and PRE_COPY the device works, and goes on after it was stopped or a migration was given up.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Stimulus;

    public string? Run(CheckContext context)
    {
        context.Begin("work in the states in which it runs");
        context.BeginStimulus();
        RequireWork(context, "RUNNING");
        VfioDeviceState[] way = !context.Migrates ? []
            : context.HasPreCopy ? [VfioDeviceState.PreCopy, VfioDeviceState.Running, VfioDeviceState.Stop, VfioDeviceState.Running]
            : [VfioDeviceState.Stop, VfioDeviceState.Running];
        foreach (var state in way)
        {
            context.Go(state);
            if (state != VfioDeviceState.Stop)
            {
                RequireWork(context, VfioMigrationNames.Of(state));
            }
        }

        return null;
    }

    private static void RequireWork(CheckContext context, string state)
    {
        context.Memory.Remember();
        context.Work(CheckContext.WorkPieces);
        CheckContext.Require(context.Memory.CountChangedRam(out _) > 0, $"in {state} it says that it worked, and no memory changed");
    }
}
