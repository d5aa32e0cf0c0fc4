using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>Takes transitions, each on a device that is as new.</summary>
internal static class Transitions
{
    /// <summary>Takes every transition that is wanted.</summary>
    /// <param name="context">The check.</param>
    /// <param name="isWanted">Which.</param>
    /// <param name="onTaken">Told of each, with whether it opened a data session as the interface tells it.</param>
    /// <returns>How many those were.</returns>
    public static int TakeAll(
        CheckContext context, Func<VfioDeviceState, VfioDeviceState, bool> isWanted, Action<VfioDeviceState, VfioDeviceState, bool?>? onTaken = null)
    {
        var taken = 0;
        context.PrepareStream();
        foreach (var from in context.States)
        {
            foreach (var to in context.States.Where(to => isWanted(from, to)))
            {
                context.Begin($"{VfioStateNames.Of(from)} -> {VfioStateNames.Of(to)}");
                context.Reach(from);
                if (from == VfioDeviceState.Resuming)
                {
                    // It can be left only with a whole state.
                    context.Load(context.Stream);
                }

                var hasOpened = context.Go(to);
                onTaken?.Invoke(from, to, hasOpened);
                taken++;
            }
        }

        return taken;
    }
}
