using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>Every single arc that the device has.</summary>
internal sealed class ArcsCheck : ICheck
{
    public string Name => "arcs";

    public string Rule => "Each single arc between two states that the device has is taken, and the device is in the new state when the command returns.";

    public string Source => Sources.States;

    public CheckNeeds Needs => CheckNeeds.Migration;

    public string? Run(CheckContext context)
    {
        var taken = Transitions.TakeAll(context, (from, to) => VfioStateArcs.IsArc(from, to, context.Abilities.Migration));
        return FormattableString.Invariant($"{taken} arcs");
    }
}
