using System.Runtime.InteropServices;

namespace Ferry.Linux.Vfio;

/// <summary>The chain of capabilities behind the head of an information structure. Source: linux/vfio.h, struct vfio_info_cap_header.</summary>
internal static unsafe class VfioCapabilities
{
    /// <summary>Finds the capability <paramref name="id"/>, from its header to the end of the information.</summary>
    /// <param name="information">All bytes, from the head on.</param>
    /// <param name="first">The offset of the first capability; 0 where there is none.</param>
    /// <param name="id">Which.</param>
    /// <param name="capability">The bytes from its header on, which end where the information ends.</param>
    /// <returns>False where it is not there, or the chain leads out of the information or in a circle.</returns>
    public static bool TryFind(ReadOnlySpan<byte> information, uint first, ushort id, out ReadOnlySpan<byte> capability)
    {
        capability = default;
        var at = first;
        for (var steps = information.Length / sizeof(VfioCapabilityHeader); steps > 0 && at != 0; steps--)
        {
            if (at > information.Length || information.Length - at < sizeof(VfioCapabilityHeader))
            {
                return false;
            }

            var header = MemoryMarshal.Read<VfioCapabilityHeader>(information[(int)at..]);
            if (header.Id == id)
            {
                capability = information[(int)at..];
                return true;
            }

            at = header.Next;
        }

        return false;
    }

    /// <summary>The items behind a capability's head, as many as it says it has and the bytes hold.</summary>
    /// <typeparam name="THead">The head.</typeparam>
    /// <typeparam name="TItem">An item.</typeparam>
    public static ReadOnlySpan<TItem> Items<THead, TItem>(ReadOnlySpan<byte> capability, uint count)
        where THead : unmanaged
        where TItem : unmanaged
    {
        var items = MemoryMarshal.Cast<byte, TItem>(capability[Math.Min(sizeof(THead), capability.Length)..]);
        return items[..(int)Math.Min(count, (uint)items.Length)];
    }
}
