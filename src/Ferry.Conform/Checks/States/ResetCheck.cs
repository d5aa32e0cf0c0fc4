using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>A reset ends whatever was under way.</summary>
internal sealed class ResetCheck : ICheck
{
    public string Name => "reset";

    public string Rule => "A reset leads from any state to RUNNING, ends the data session, and ends the device's DMA.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Reset;

    public string? Run(CheckContext context)
    {
        foreach (var from in context.Migrates ? context.States : [])
        {
            context.Begin($"reset in {VfioMigrationNames.Of(from)}");
            context.Reach(from);
            context.Device.Reset();
            context.RequireState(VfioDeviceState.Running);
            CheckContext.Require(!context.GivesData(), "the data channel is still open for reading");
            CheckContext.Require(!context.TakesData(new byte[1]), "the data channel is still open for writing");
        }

        if (!context.HasStimulus)
        {
            return "its DMA was not looked at: nothing makes the device write";
        }

        context.Begin("reset at work");
        context.BeginStimulus();
        context.GiveAll();
        context.Device.Reset();
        Silence.RequireSince(context, "after a reset", withRam: true);
        return null;
    }
}
