using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>The data channel is open in the states that have one.</summary>
internal sealed class DataStatesCheck : ICheck
{
    public string Name => "data-states";

    public string Rule => "State can be read in the saving states and written in RESUMING, and in no other.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        context.PrepareStream();
        foreach (var state in context.States)
        {
            var name = VfioStateNames.Of(state);
            var (isSaving, isLoading) = (
                state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy, state == VfioDeviceState.Resuming);
            context.Begin($"the data channel in {name}");
            context.Reach(state);
            CheckContext.Require(
                CheckContext.IsRefused(() => context.ReadData(1, 1)) != isSaving, $"reading in {name} was {(isSaving ? "refused" : "accepted")}");
            CheckContext.Require(
                CheckContext.IsRefused(() => context.Load(context.Stream)) != isLoading, $"writing in {name} was {(isLoading ? "refused" : "accepted")}");
        }

        return null;
    }
}
