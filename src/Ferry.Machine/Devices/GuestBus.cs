using System.Numerics;

namespace Ferry.Machine.Devices;

/// <summary>Where devices lie in the guest's address space. The same devices in the same order lie at the same addresses, on either host.</summary>
/// <remarks>In the hole below 4 GiB: 2 MiB for each device that the guest's program drives, then what fits of the regions of others. What does not
/// is above all memory.</remarks>
internal sealed class GuestBus
{
    /// <summary>What a region of a driven device takes.</summary>
    public const ulong SlotBytes = 1 << 20;

    private const ulong Start = 0xE000_0000;
    private const ulong LowStart = Start + (2 * SlotBytes * MachineOptions.MaxDevices);

    // Behind it are the interrupt controllers.
    private const ulong LowEnd = 0xFE00_0000;
    private const ulong HighStart = 1UL << 39;

    // The least that x86-64 processors address.
    private const ulong HighEnd = 1UL << 40;
    private const ulong PageBytes = 4096;

    private ulong _low = LowStart;
    private ulong _high = HighStart;

    /// <summary>Where the regions of a driven device begin.</summary>
    public static ulong AddressOf(int device) => Start + ((ulong)device * 2 * SlotBytes);

    /// <summary>Takes addresses for a region, aligned to its size; false where there are none left.</summary>
    public bool TryTake(ulong lengthBytes, out ulong address)
    {
        address = 0;
        if (lengthBytes > HighEnd - HighStart)
        {
            return false;
        }

        var size = Math.Max(BitOperations.RoundUpToPowerOf2(lengthBytes), PageBytes);
        return TryTake(ref _low, LowEnd, size, out address) || TryTake(ref _high, HighEnd, size, out address);
    }

    private static bool TryTake(ref ulong next, ulong end, ulong size, out ulong address)
    {
        address = (next + size - 1) & ~(size - 1);
        if (address >= end || size > end - address)
        {
            return false;
        }

        next = address + size;
        return true;
    }
}
