using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>The data channel is open in the states that have one.</summary>
internal sealed class DataStatesCheck : ICheck
{
    private static readonly (VfioDeviceState From, VfioDeviceState To)[] Ends =
    [
        (VfioDeviceState.StopCopy, VfioDeviceState.Stop), (VfioDeviceState.PreCopy, VfioDeviceState.Running),
        (VfioDeviceState.PreCopyP2P, VfioDeviceState.RunningP2P), (VfioDeviceState.Resuming, VfioDeviceState.Stop),
    ];

    public string Name => "data-states";

    public string Rule => "State can be read in the saving states and written in RESUMING, and in no other; a session that was left gives and takes nothing.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        foreach (var state in context.States)
        {
            var name = VfioMigrationNames.Of(state);
            var (isSaving, isLoading) = (CheckContext.IsSaving(state), state == VfioDeviceState.Resuming);
            context.Begin($"the data channel in {name}");
            context.Reach(state);
            CheckContext.Require(
                CheckContext.IsRefused(() => context.ReadData(1, 1)) != isSaving, $"reading in {name} was {(isSaving ? "refused" : "accepted")}");
            CheckContext.Require(context.TakesData(context.Stream) == isLoading, $"writing in {name} was {(isLoading ? "refused" : "accepted")}");
        }

        foreach (var (from, to) in Ends.Where(end => context.States.Contains(end.From) && context.States.Contains(end.To)))
        {
            RequireEnded(context, from, to);
        }

        return null;
    }

    private static void RequireEnded(CheckContext context, VfioDeviceState from, VfioDeviceState to)
    {
        var what = $"{VfioMigrationNames.Of(from)} -> {VfioMigrationNames.Of(to)}";
        context.Begin($"the data channel after {what}");
        context.Reach(from);
        if (from == VfioDeviceState.Resuming)
        {
            context.Load(context.Stream);
        }

        if (context.TryGo(to, out _))
        {
            CheckContext.Require(!context.GivesData(), $"after {what} the data channel can still be read");
            CheckContext.Require(!context.TakesData(context.Stream), $"after {what} the data channel can still be written");
        }
    }
}
