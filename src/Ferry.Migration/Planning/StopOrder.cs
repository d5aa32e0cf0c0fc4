using Ferry.Linux.Vfio;

namespace Ferry.Migration.Planning;

/// <summary>The order in which devices may stop, once all that can are in a P2P state.</summary>
/// <remarks>
/// A stopped device must not be reached by the DMA of another. A device in a P2P state reaches no other, so it may stop at any time; one without
/// that state reaches its peers until it stops, so it stops before each of them. Where two such devices reach each other, also by way
/// of further ones, there is no order. Among those that are free to go, devices without P2P go last, since they are the ones
/// whose DMA went on during the grace. Started again in the opposite order, the same holds.
/// Source: linux/vfio.h, the P2P quiescent state.
/// </remarks>
internal static class StopOrder
{
    /// <param name="devices">All devices, with unique ids.</param>
    /// <param name="entangled">The devices that no order is safe for; empty where there is one.</param>
    internal static IReadOnlyList<PlanDevice> Of(IReadOnlyList<PlanDevice> devices, out IReadOnlyList<PlanDevice> entangled)
    {
        var order = new List<PlanDevice>(devices.Count);
        var left = devices.OrderBy(device => device.Has(VfioMigrationFlags.P2P) ? 0 : 1).ToList();
        while (left.Find(device => !left.Exists(other => MayReach(other, device))) is { } free)
        {
            order.Add(free);
            left.Remove(free);
        }

        entangled = [.. left.Where(device => IsOnCycle(device, left))];
        return order;
    }

    /// <summary>Whether <paramref name="from"/>, running without a P2P state, may write into <paramref name="to"/>.</summary>
    private static bool MayReach(PlanDevice from, PlanDevice to) =>
        from != to && !from.Has(VfioMigrationFlags.P2P) && from.Reaches.Contains(to.Id, StringComparer.Ordinal);

    private static bool IsOnCycle(PlanDevice device, List<PlanDevice> among)
    {
        var reached = new HashSet<PlanDevice>(ReferenceEqualityComparer.Instance);
        var open = new Stack<PlanDevice>([device]);
        while (open.TryPop(out var at))
        {
            foreach (var next in among.Where(other => MayReach(at, other)))
            {
                if (ReferenceEquals(next, device))
                {
                    return true;
                }

                if (reached.Add(next))
                {
                    open.Push(next);
                }
            }
        }

        return false;
    }
}
