using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks.States;

/// <summary>Takes transitions, each on a device that is as new.</summary>
internal static class Transitions
{
    /// <summary>Takes every transition that is wanted.</summary>
    /// <param name="context">The check.</param>
    /// <param name="isWanted">Which.</param>
    /// <returns>How many those were.</returns>
    public static int TakeAll(CheckContext context, Func<VfioDeviceState, VfioDeviceState, bool> isWanted) =>
        TakeAll(context, isWanted, (_, to) => context.Go(to));

    /// <summary>Takes every transition that is wanted, in the way that is given.</summary>
    /// <param name="context">The check.</param>
    /// <param name="isWanted">Which.</param>
    /// <param name="take">Takes one from the state that the device is in.</param>
    /// <returns>How many those were.</returns>
    public static int TakeAll(
        CheckContext context, Func<VfioDeviceState, VfioDeviceState, bool> isWanted, Action<VfioDeviceState, VfioDeviceState> take)
    {
        var taken = 0;
        context.PrepareStream();
        foreach (var from in context.States)
        {
            foreach (var to in context.States.Where(to => isWanted(from, to)))
            {
                context.Begin($"{VfioMigrationNames.Of(from)} -> {VfioMigrationNames.Of(to)}");
                context.Reach(from);
                if (from == VfioDeviceState.Resuming)
                {
                    // It can be left only with a whole state.
                    context.Load(context.Stream);
                }

                take(from, to);
                taken++;
            }
        }

        return taken;
    }
}
