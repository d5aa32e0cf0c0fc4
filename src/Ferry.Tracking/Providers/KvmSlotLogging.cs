using Ferry.Linux;
using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>Switches logging of the slots that started ranges lie in, all or none.</summary>
internal static class KvmSlotLogging
{
    /// <summary>Switches it on for every slot.</summary>
    /// <exception cref="TrackerStartException">A slot could not be switched; those before it are off again.</exception>
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
                while (--i >= 0)
                {
                    calls.SetLogging(slots[i], on: false);
                }

                throw new TrackerStartException(tracker, e.Message, e);
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
