using Ferry.Migration.Planning;
using Ferry.Tracking;

namespace Ferry.Migration.Source;

/// <summary>A change of who tracks a source, in the middle of a migration.</summary>
/// <param name="Kind">What is to change.</param>
/// <param name="Source">The source: <c>vcpus</c> or a device id.</param>
/// <param name="Tracker">The tracker that is to start, at which page size and for which ranges, or the one that is to go.</param>
/// <param name="Provider">The tracker itself; not looked at where it is to go. It has to see every write of the source: whoever asks proves that.</param>
public sealed record TrackerChange(TrackerChangeKind Kind, string Source, PlanTracker Tracker, IDirtyTracker? Provider);
