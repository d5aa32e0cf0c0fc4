using Ferry.Linux.Vfio;
using Ferry.Tracking;

namespace Ferry.Migration.Planning;

/// <summary>Finds what makes a migration unsafe or impossible, before anything is planned.</summary>
internal static class PlanAdmission
{
    internal static List<PlanRefusal> Check(PlanRequest request)
    {
        var refusals = new List<PlanRefusal>();
        CheckNames(request, refusals);
        // Who reaches whom is known by name.
        var isEachNamedOnce = refusals.Count == 0;
        CheckDevices(request, refusals);
        if (isEachNamedOnce)
        {
            CheckPeers(request, refusals);
        }

        if (request.Tracking)
        {
            CheckTrackers(request, refusals);
        }

        return refusals;
    }

    private static void CheckNames(PlanRequest request, List<PlanRefusal> refusals)
    {
        foreach (var group in request.Devices.GroupBy(device => device.Id, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            refusals.Add(new(group.Key, $"{group.Count()} devices have this name", "Give each device a name of its own"));
        }

        if (request.Devices.Any(device => device.Id == DmaSource.Vcpus.Id))
        {
            refusals.Add(new(DmaSource.Vcpus.Id, "a device has the name that stands for the vCPUs", "Name the device otherwise"));
        }
    }

    private static void CheckDevices(PlanRequest request, List<PlanRefusal> refusals)
    {
        foreach (var device in request.Devices)
        {
            if (!device.Has(VfioMigrationFlags.StopCopy))
            {
                refusals.Add(new(
                    device.Id,
                    device.Migration == VfioMigrationFlags.None ? "it supports no migration" : $"it says that it supports {device.Migration}, but not StopCopy, without which no state can be saved",
                    "Take it out of the machine first (unplug it), or use a device or driver that can save its state"));
            }

            foreach (var early in request.Devices.Where(other => other.QuiesceEarly && !device.QuiesceEarly && device.Reaches.Contains(other.Id, StringComparer.Ordinal)))
            {
                refusals.Add(new(
                    device.Id,
                    $"it runs on while {early.Id}, which its DMA can reach, is stopped early",
                    $"Quiesce {early.Id} with all others, or {device.Id} early too, or keep them from reaching each other"));
            }

            foreach (var peer in device.Reaches.Where(peer => request.Devices.All(other => other.Id != peer)))
            {
                refusals.Add(new(device.Id, $"its DMA is said to reach '{peer}', which is no device of this machine", "Correct the list of peers that it reaches"));
            }
        }
    }

    private static void CheckPeers(PlanRequest request, List<PlanRefusal> refusals)
    {
        StopOrder.Of(request.Devices, out var entangled);
        if (entangled.Count > 0)
        {
            refusals.Add(new(
                string.Join(", ", entangled.Select(device => device.Id)),
                "these lack P2P and can reach each other by DMA, so whichever stops first may be written by one that still runs",
                "Keep them from reaching each other (an address space for each, or no mapping of the other's regions), or use a device that supports P2P"));
        }
    }

    private static void CheckTrackers(PlanRequest request, List<PlanRefusal> refusals)
    {
        foreach (var group in request.Trackers.GroupBy(tracker => tracker.Name, StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            refusals.Add(new(group.Key, $"{group.Count()} trackers have this name", "Give each tracker a name of its own"));
        }

        string[] sources = [DmaSource.Vcpus.Id, .. request.Devices.Select(device => device.Id)];
        foreach (var tracker in request.Trackers)
        {
            refusals.AddRange(tracker.Sources.Except(sources, StringComparer.Ordinal).Select(unknown =>
                new PlanRefusal(tracker.Name, $"it is to track '{unknown}', which is no source of this machine", $"Name one of {string.Join(", ", sources)}")));
        }

        // The proof knows more of a source than that nobody is named for it.
        var unproven = request.Coverage?.Refusals ?? [];
        refusals.AddRange(unproven.Select(refusal => new PlanRefusal(refusal.Source.Id, refusal.Reason, Capitalised(refusal.Remedy))));
        string[] writing = [.. sources.Except(request.Devices.Where(device => device.QuiesceEarly).Select(device => device.Id))];
        foreach (var source in writing.Except(unproven.Select(refusal => refusal.Source.Id)).Except(request.Trackers.SelectMany(tracker => tracker.Sources), StringComparer.Ordinal))
        {
            var device = request.Devices.FirstOrDefault(each => each.Id == source);
            var remedy = source == DmaSource.Vcpus.Id
                ? "Assign kvm-log or kvm-ring to it, or all"
                : device?.LoggingPageSizes.Count > 0
                    ? $"It logs its own DMA at {string.Join(", ", device.LoggingPageSizes)}: assign device to it"
                    : "It logs no DMA itself: assign a tracker of its address space to it, or all, or turn tracking off";
            refusals.Add(new(source, "no tracker sees what it writes", remedy));
        }
    }

    private static string Capitalised(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];
}
