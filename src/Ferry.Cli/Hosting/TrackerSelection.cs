using Ferry.Cli.Control;
using Ferry.Cli.Policies;
using Ferry.Machine;
using Ferry.Memory;
using Ferry.Migration.Planning;
using Ferry.Tracking;
using Ferry.Tracking.Policy;
using Ferry.Tracking.Proof;

namespace Ferry.Cli.Hosting;

/// <summary>The trackers of one migration: what the plan knows of them, and they themselves by name. They stay the machine's.</summary>
internal sealed class TrackerSelection
{
    private readonly GuestMachine _machine;
    private readonly SourceRequirement[] _requirements;

    private TrackerSelection(GuestMachine machine, IReadOnlyList<SourceSettings> settings)
    {
        (_machine, Settings) = (machine, settings);
        // Every source may write all memory: devices have it mapped whole. What is stopped before tracking begins writes nothing.
        IReadOnlyList<IovaRange> mapped = [.. machine.Memory.Regions.Select(region => region.Range)];
        _requirements = [.. settings.Where(each => !each.IsEarly).Select(each => new SourceRequirement(new DmaSource(each.Source), mapped))];
        var choice = TrackingPolicy.Choose(_requirements, [.. settings.Select(ToPolicy)], machine.Trackers, WhyMissing);
        (Verdict, Skipped) = (choice.Verdict, choice.Skipped);
        // Complete from here on: threads read it.
        Trackers = choice.Assignments.Concat(choice.Fallbacks).DistinctBy(NameOf).ToDictionary(NameOf, assignment => assignment.Tracker);
        Planned = [.. choice.Assignments.GroupBy(assignment => assignment.Tracker, ReferenceEqualityComparer.Instance).Select(group => ToPlan([.. group], choice.Assignments))];
        Fallbacks = [.. choice.Fallbacks.Select(fallback => ToPlan([fallback], [fallback]))];
    }

    /// <summary>What the policy comes to for each source, in the order of the machine.</summary>
    public IReadOnlyList<SourceSettings> Settings { get; }

    /// <summary>The trackers in the order in which they are started.</summary>
    public IReadOnlyList<PlanTracker> Planned { get; }

    /// <summary>Those that take over, one for each source that has one.</summary>
    public IReadOnlyList<PlanTracker> Fallbacks { get; }

    /// <summary>The trackers by the names in <see cref="Planned"/> and <see cref="Fallbacks"/>.</summary>
    public IReadOnlyDictionary<string, IDirtyTracker> Trackers { get; }

    /// <summary>What was preferred and could not be had.</summary>
    public IReadOnlyList<SkippedTracker> Skipped { get; }

    /// <summary>Whether these see every write, or what they would miss.</summary>
    public CoverageVerdict Verdict { get; }

    /// <summary>Whether a source has two trackers that are exact and forget what they report, so that each can be held against the other.</summary>
    public bool CanCompare => Planned.Where(each => Trackers[each.Name] is not IDeferredClear && Trackers[each.Name].Coverage.Precision == TrackingPrecision.Exact)
        .SelectMany(each => each.Sources).GroupBy(source => source).Any(group => group.Count() > 1);

    /// <summary>What <paramref name="request"/> asks for, of what <paramref name="machine"/> has.</summary>
    /// <exception cref="ControlException">It names a source that the machine doesn't have.</exception>
    public static TrackerSelection Of(GuestMachine machine, MigrateRequest request)
    {
        string[] devices = [.. machine.Devices.Select(device => device.Device.Id)];
        foreach (var rule in request.Rules.Where(rule => rule.Source is not null && rule.Source != DmaSource.Vcpus.Id && !devices.Contains(rule.Source)))
        {
            throw new ControlException(
                ControlErrors.BadRequest, $"the policy speaks of source '{rule.Source}', which the machine doesn't have; {Values.NearestName.Suggest(rule.Source!, [DmaSource.Vcpus.Id, .. devices])}");
        }

        return new(
            machine,
            [
                SourceSettings.Resolve(request.Rules, DmaSource.Vcpus.Id, isDevice: false) with { Quiesce = new(PolicyChoices.Normal, "default") },
                .. devices.Select(device => SourceSettings.Resolve(request.Rules, device, isDevice: true)),
            ]);
    }

    /// <summary>The tracker <paramref name="name"/> for one more source, proven by itself, as a change in the middle of a migration needs it.</summary>
    /// <exception cref="TrackerStartException">The machine has none of that name for it, or it can't cover it; the message says what would.</exception>
    public (PlanTracker Tracker, IDirtyTracker Provider) Find(string source, string name, ulong pageSizeBytes)
    {
        var requirement = _requirements.FirstOrDefault(each => each.Source.Id == source)
            ?? throw new TrackerStartException(name, $"'{source}' is no source that writes during this migration; there are: {string.Join(", ", _requirements.Select(each => each.Source))}");
        var policy = new SourcePolicy { Source = requirement.Source, With = [name], PageSize = pageSizeBytes == 0 ? null : new PageSize(pageSizeBytes) };
        var choice = TrackingPolicy.Choose([requirement], [policy], _machine.Trackers, WhyMissing);
        return choice.Verdict.IsProven
            ? (ToPlan(choice.Assignments, choice.Assignments), choice.Assignments[0].Tracker)
            : throw new TrackerStartException(name, string.Join(" ", choice.Verdict.Refusals.Select(refusal => $"{refusal.Reason}; {refusal.Remedy}")));
    }

    // Of what a policy leaves to the default, what is never for this sort of source is no preference that was passed over.
    private SourcePolicy ToPolicy(SourceSettings settings)
    {
        var policy = settings.ToPolicy();
        var own = settings.Source == DmaSource.Vcpus.Id ? PolicyChoices.VcpuTrackers
            : _machine.Devices.First(device => device.Device.Id == settings.Source).Device.Vfio is null ? PolicyChoices.ProcessTrackers
            : PolicyChoices.KernelTrackers;
        return settings.With.From == PolicyChoices.Default ? policy with { With = [.. policy.With.Where(own.Contains)] } : policy;
    }

    private PlanTracker ToPlan(IReadOnlyList<TrackerAssignment> group, IReadOnlyList<TrackerAssignment> assignments) =>
        new(NameOf(group[0]), [.. group.Select(assignment => assignment.Source.Id)], group[0].PageSize)
        {
            Ranges = CoverageProof.RangesOf(group[0].Tracker, _requirements, assignments, out _),
        };

    // Where a machine has several trackers of one name, each is named with the first of its sources.
    private string NameOf(TrackerAssignment assignment) => _machine.Trackers.Count(each => each.Name == assignment.Tracker.Name) == 1
        ? assignment.Tracker.Name
        : $"{assignment.Tracker.Name}:{assignment.Tracker.Coverage.Sources?[0] ?? assignment.Source}";

    private string? WhyMissing(DmaSource source, string name)
    {
        if (source != DmaSource.Vcpus)
        {
            return _machine.Devices.First(device => device.Device.Id == source.Id).WhyNoTracker(name);
        }

        var own = _machine.Trackers.FirstOrDefault(tracker => tracker.Coverage.Sources?.Contains(DmaSource.Vcpus) == true);
        var isKvm = _machine.Accelerator == AcceleratorKind.Kvm;
        return own is null
            ? $"this machine's vCPUs can't be tracked: {_machine.VcpuTrackerProblem}"
            : $"this machine runs on {(isKvm ? "KVM" : "host threads")} and was started with {own.Name}{(isKvm ? "; vcpu-tracker in its file says which" : "")}";
    }
}
