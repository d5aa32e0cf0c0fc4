using Ferry.Bench.Design;
using Ferry.Bench.Profiles;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Machine;
using Ferry.Memory;
using Ferry.Tracking.Providers;

namespace Ferry.Bench.Measuring;

/// <summary>Finds out what there is to measure on this host.</summary>
internal static class BenchProbe
{
    private const ulong ProbeBytes = 16 << 20;

    // What another device takes at a time is its own; of the bench's, these are measured.
    private static readonly ulong[] RnicMessages = [256, BenchDesign.CentreMessageBytes, 65536];

    // It marks by the page that it was asked for, at no other cost: three tell what there is to tell.
    private static readonly ulong[] MediatedSizes = [4096, 65536, 2 << 20];

    private static readonly string[] OfDevices = ["device", "iotable", "iotable-faults"];

    /// <summary>What there is, and notes of what there is not.</summary>
    /// <param name="parts">What the bench is made with.</param>
    /// <param name="host">The host.</param>
    /// <param name="isOwnDevice">Whether the device is the bench's, which may be had as often and at any message size and rate; else there is one.</param>
    /// <param name="onNote">Takes what can't be measured here, with the reason.</param>
    /// <exception cref="IOException">The device can't be reached.</exception>
    public static BenchScope Find(IBenchParts parts, HostFacts host, bool isOwnDevice, Action<string> onNote)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(onNote);
        if (parts.KernelDevice is { } place)
        {
            return OfKernelDevice(place, host, onNote);
        }

        using var session = DeviceSession.Open(parts.StartDevice(BenchDesign.CentreMessageBytes, null), ProbeBytes, isMediated: false);
        var devices = session.Trackers.ToDictionary(
            tracker => tracker.Name, tracker => (IReadOnlyList<ulong>)(tracker.Name == "all" ? [4096] : [.. tracker.Coverage.PageSizes.Select(size => size.Bytes)]));
        if (isOwnDevice)
        {
            devices["mediated"] = MediatedSizes;
        }
        else
        {
            onNote("mediated: a device that was given is measured with shared memory only, since it has one client at a time");
        }

        foreach (var missing in OfDevices.Where(name => !devices.ContainsKey(name)))
        {
            onNote($"{missing}: the device does not have it, or it is not allowed here");
        }

        if (session.Driver is null)
        {
            onNote("the device is no rnic, and nothing here can make it write: its throughput, its latency, amplification and what pages add to a report are not measured");
        }

        return new BenchScope
        {
            Accelerator = host.Accelerator,
            GuestProviders = [.. GuestProviders(host.Accelerator, onNote)],
            DeviceProviders = devices,
            IsDriven = session.Driver is not null,
            MessageSizes = session.Driver is null ? [] : isOwnDevice ? RnicMessages : [session.Driver.MessageBytes],
            HasRates = isOwnDevice,
            HasP2P = session.HasP2P,
        };
    }

    private static BenchScope OfKernelDevice(VfioPlace place, HostFacts host, Action<string> onNote)
    {
        var devices = new Dictionary<string, IReadOnlyList<ulong>>();
        var problems = new List<string>();
        foreach (var inContainer in (bool[])[false, true])
        {
            try
            {
                using var session = KernelSession.Open(place, ProbeBytes, inContainer, onNote);
                foreach (var tracker in session.Trackers)
                {
                    devices[tracker.Name] = [.. tracker.Coverage.PageSizes.Select(size => size.Bytes)];
                }
            }
            catch (IOException e)
            {
                problems.Add(e.Message);
                onNote($"{(inContainer ? "type1" : "iommufd, vfio-device")}: {e.Message}");
            }
        }

        if (devices.Count == 0)
        {
            throw new IOException($"{place.Address} has no tracker that could be measured{(problems.Count > 0 ? $": {string.Join("; ", problems)}" : "")}");
        }

        onNote("nothing here can make a kernel device write: its throughput, its latency, amplification and what pages add to a report are not measured");
        return new BenchScope
        {
            Accelerator = host.Accelerator,
            GuestProviders = [.. GuestProviders(host.Accelerator, onNote)],
            DeviceProviders = devices,
            IsDriven = false,
            HasRates = false,
            HasP2P = false,
        };
    }

    private static IEnumerable<string> GuestProviders(string accelerator, Action<string> onNote)
    {
        if (accelerator == "kvm")
        {
            yield return "kvm-log";
            if (HasRing(onNote))
            {
                yield return "kvm-ring";
            }
        }
        else
        {
            onNote("kvm-log, kvm-ring: KVM can't be used here");
        }

        using var memory = GuestMemoryFile.Create([(new(0), ProbeBytes)]);
        if (ProcessTracker.TryCreate(memory.Memory, out var tracker, out var reason))
        {
            tracker!.Dispose();
            yield return "process";
        }
        else
        {
            onNote($"process: {reason}");
        }
    }

    private static bool HasRing(Action<string> onNote)
    {
        try
        {
            using var machine = GuestMachine.Create(new MachineOptions { MemoryBytes = ProbeBytes * 2, Accelerator = AcceleratorKind.Kvm, Tracking = VcpuTracking.Ring, WorkingSetBytes = 2 * PageSize.Size4K.Bytes });
            if (machine.Trackers.Any(each => each.Name == "kvm-ring"))
            {
                return true;
            }

            onNote($"kvm-ring: {machine.VcpuTrackerProblem}");
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            onNote($"kvm-ring: {e.Message}");
        }

        return false;
    }
}
