using Ferry.Cli.Control;
using Ferry.Machine;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking;
using Ferry.Tracking.Proof;

namespace Ferry.Cli.Hosting;

/// <summary>The trackers of one migration: what the plan knows of them, and they themselves by name. They stay the machine's.</summary>
internal sealed class TrackerSelection
{
    private const string DeviceLog = "device";
    private const string All = "all";

    private readonly List<PlanTracker> _planned = [];
    private readonly Dictionary<string, IDirtyTracker> _trackers = new(StringComparer.Ordinal);
    private readonly List<TrackerAssignment> _assignments = [];

    /// <summary>The trackers in the order in which they are started.</summary>
    public IReadOnlyList<PlanTracker> Planned => _planned;

    /// <summary>The trackers by the names in <see cref="Planned"/>.</summary>
    public IReadOnlyDictionary<string, IDirtyTracker> Trackers => _trackers;

    /// <summary>Whether these see every write, or what they would miss.</summary>
    public CoverageVerdict? Verdict { get; private set; }

    /// <summary>What <paramref name="request"/> asks for, of what <paramref name="machine"/> has.</summary>
    /// <exception cref="TrackerStartException">The machine has no such tracker; the message says what would help.</exception>
    public static TrackerSelection Of(GuestMachine machine, MigrateRequest request)
    {
        var selection = new TrackerSelection();
        var untracked = new List<string>();
        if (request.TrackerVcpus == All)
        {
            untracked.Add(DmaSource.Vcpus.Id);
        }
        else
        {
            selection.Add(VcpuTrackerOf(machine, request.TrackerVcpus), [DmaSource.Vcpus.Id], 0);
        }

        foreach (var source in machine.Devices.Select(device => new DmaSource(device.Device.Id)))
        {
            if (request.TrackerDevices == All)
            {
                untracked.Add(source.Id);
            }
            else if (machine.Trackers.FirstOrDefault(tracker => tracker.Name == DeviceLog && tracker.Coverage.Covers(source)) is { } log)
            {
                selection.Add(log, [source.Id], request.DevicePageSizeBytes, nameSuffix: machine.Devices.Count > 1 ? ":" + source.Id : "");
            }

            // A device without a log stays without a tracker: the proof then says what would help.
        }

        if (untracked.Count > 0)
        {
            selection.Add(machine.Trackers.First(tracker => tracker.Name == All), untracked, 0);
        }

        selection.Verdict = selection.Prove(machine);
        return selection;
    }

    private void Add(IDirtyTracker tracker, IReadOnlyList<string> sources, ulong pageSizeBytes, string nameSuffix = "")
    {
        var planned = new PlanTracker(tracker.Name + nameSuffix, sources, pageSizeBytes == 0 ? tracker.Coverage.PageSizes[0] : new PageSize(pageSizeBytes));
        _planned.Add(planned);
        _trackers.Add(planned.Name, tracker);
        _assignments.AddRange(sources.Select(source => new TrackerAssignment(new DmaSource(source), tracker, planned.PageSize)));
    }

    private CoverageVerdict Prove(GuestMachine machine)
    {
        // Every source may write all memory: devices have it mapped whole.
        IReadOnlyList<IovaRange> mapped = [.. machine.Memory.Regions.Select(region => region.Range)];
        DmaSource[] sources = [DmaSource.Vcpus, .. machine.Devices.Select(device => new DmaSource(device.Device.Id))];
        return CoverageProof.Check([.. sources.Select(source => new SourceRequirement(source, mapped))], _assignments, machine.Trackers);
    }

    private static IDirtyTracker VcpuTrackerOf(GuestMachine machine, string? wanted)
    {
        var own = machine.Trackers.FirstOrDefault(tracker => tracker.Name is not (DeviceLog or All) && tracker.Coverage.Covers(DmaSource.Vcpus));
        if (own is not null && (wanted is null || wanted == own.Name))
        {
            return own;
        }

        var accelerator = machine.Accelerator == AcceleratorKind.Kvm ? "KVM" : "host threads";
        throw new TrackerStartException(
            wanted ?? "vcpus",
            own is null
                ? $"this machine's vCPUs can't be tracked: {machine.VcpuTrackerProblem}; choose --tracker-vcpus all"
                : $"this machine runs on {accelerator} and was started with {own.Name}; choose that or all{(machine.Accelerator == AcceleratorKind.Kvm ? ", or start it with another vcpu-tracker in its file" : "")}");
    }
}
