using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>Every transition that there is not.</summary>
internal sealed class RefusalsCheck : ICheck
{
    private static readonly VfioDeviceState[] Numbers = [.. Enum.GetValues<VfioDeviceState>(), (VfioDeviceState)8, (VfioDeviceState)0x7FFFFFFF];

    public string Name => "refusals";

    public string Rule => "ERROR, states that the device lacks, numbers that are no state, and STOP_COPY to PRE_COPY are refused; asked for what it must not or is already, the device stays where it is.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        var refused = 0;
        foreach (var from in context.States)
        {
            foreach (var to in Numbers.Where(to => !VfioStateArcs.TryGetNext(from, to, context.Abilities.Migration, out _)))
            {
                var what = $"{VfioMigrationNames.Of(from)} -> {VfioMigrationNames.Of(to)}";
                context.Begin(what);
                context.Reach(from);
                CheckContext.Require(CheckContext.IsRefused(() => context.Device.SetState(to)), $"{what} was accepted");
                context.RequireState(from);
                refused++;
            }
        }

        foreach (var state in context.States)
        {
            // No text says whether that is taken or refused.
            context.Begin($"{VfioMigrationNames.Of(state)} asked for in {VfioMigrationNames.Of(state)}");
            context.Reach(state);
            _ = CheckContext.IsRefused(() => context.Device.SetState(state));
            context.RequireState(state);
        }

        return FormattableString.Invariant($"{refused} requests");
    }
}
