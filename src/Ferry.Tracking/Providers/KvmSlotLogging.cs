using Ferry.Linux;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>Switches logging of a machine's slots, all or none.</summary>
internal static class KvmSlotLogging
{
    /// <summary>Switches it on for every slot.</summary>
    /// <exception cref="TrackerStartException">A slot could not be switched; those before it are switched off again.</exception>
    public static void Start(string tracker, IKvmDirtyCalls calls, IReadOnlyList<KvmSlot> slots)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            try
            {
                calls.SetLogging(slots[i], on: true);
            }
            catch (KernelCallException e)
            {
                Stop(calls, slots, i);
                throw new TrackerStartException(tracker, e.Message, e);
            }
        }
    }

    /// <summary>Switches it off for the first <paramref name="count"/> slots, whichever of them the kernel refuses.</summary>
    public static void Stop(IKvmDirtyCalls calls, IReadOnlyList<KvmSlot> slots, int count)
    {
        for (var i = 0; i < count; i++)
        {
            try
            {
                calls.SetLogging(slots[i], on: false);
            }
            catch (KernelCallException)
            {
                // A slot that is logged on costs its vCPUs time and nobody a page; the others are to be freed of it all the same.
            }
        }
    }

    /// <summary>The slot that holds a range which was checked to be started.</summary>
    public static int IndexOf(IReadOnlyList<KvmSlot> slots, IovaRange range)
    {
        for (var i = 0; i < slots.Count; i++)
        {
            if (slots[i].Region.Range.Contains(range))
            {
                return i;
            }
        }

        throw new ArgumentOutOfRangeException(nameof(range), range, "In no memory slot.");
    }
}
