using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>Every transition that the device itself makes of several arcs.</summary>
internal sealed class CombinationsCheck : ICheck
{
    public string Name => "combinations";

    public string Rule => "Each other transition is walked by the device itself, by the shortest path without saving states inside.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        var flags = context.Abilities.Migration;
        var taken = Transitions.TakeAll(
            context, (from, to) => from != to && VfioStateArcs.TryGetNext(from, to, flags, out _) && !VfioStateArcs.IsArc(from, to, flags));
        return FormattableString.Invariant($"{taken} combinations");
    }
}
