using Ferry.Conform.Checks.States;
using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.Data;

/// <summary>A file comes with each transition that begins a data session, and with no other.</summary>
internal sealed class DataSessionsCheck : ICheck
{
    public string Name => "data-sessions";

    public string Rule => "A transition into the saving states or to RESUMING gives the file of a new data session; one among the saving states, or to another state, gives none.";

    public string Source => Sources.SetState;

    public CheckNeeds Needs => CheckNeeds.Sessions;

    public string? Run(CheckContext context)
    {
        var opened = 0;
        var taken = Transitions.TakeAll(
            context,
            (from, to) => from != to && VfioStateArcs.TryGetNext(from, to, context.Abilities.Migration, out _),
            (from, to) =>
            {
                CheckContext.Require(
                    !context.TryGo(to, out var hasOpened) || hasOpened == Opens(from, to), $"{VfioMigrationNames.Of(from)} -> {VfioMigrationNames.Of(to)} gave {(hasOpened == true ? "a" : "no")} file of a data session");
                opened += hasOpened == true ? 1 : 0;
            });
        return FormattableString.Invariant($"{opened} of {taken} transitions");
    }

    private static bool Opens(VfioDeviceState from, VfioDeviceState to) =>
        to == VfioDeviceState.Resuming || (CheckContext.IsSaving(to) && !CheckContext.IsSaving(from));
}
