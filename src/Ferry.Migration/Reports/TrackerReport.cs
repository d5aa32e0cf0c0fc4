using Ferry.Memory;
using Ferry.Tracking;

namespace Ferry.Migration.Reports;

/// <summary>What a tracker did.</summary>
/// <param name="Name">The name in the plan.</param>
/// <param name="Sources">The sources it tracked, at any time.</param>
/// <param name="PageSize">The page size it was started at.</param>
/// <param name="Precision">How precise it is.</param>
/// <param name="Reports">How often it was read: once a region and sync.</param>
/// <param name="DirtyPages">The pages of 4 KiB that its reports added to the bitmap.</param>
/// <param name="ReportTime">The time all reports took.</param>
/// <param name="Failures">How often it failed, so that all it covers counted as dirty.</param>
/// <param name="LastFailure">Why it failed last, or null.</param>
/// <param name="Ended">Why it was stopped before the end, or null.</param>
/// <param name="AlonePages">The pages of 4 KiB that its reports held and, at the same sync, those of no other tracker of its sources did, summed
/// up; null where there was no other or trackers were not compared.</param>
public sealed record TrackerReport(
    string Name,
    IReadOnlyList<string> Sources,
    PageSize PageSize,
    TrackingPrecision Precision,
    long Reports,
    ulong DirtyPages,
    TimeSpan ReportTime,
    long Failures,
    string? LastFailure,
    string? Ended,
    ulong? AlonePages);
