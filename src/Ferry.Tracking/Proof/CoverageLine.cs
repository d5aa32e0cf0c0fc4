using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>One line of the proof: who watches a source, and how.</summary>
/// <param name="Source">The source.</param>
/// <param name="Tracker">The tracker's name.</param>
/// <param name="PageSize">The tracking page size.</param>
/// <param name="Precision">How precise it is.</param>
/// <param name="RangeCount">How many ranges it is started for.</param>
/// <param name="ExtraBytes">The bytes within them that are mapped for none of its sources: the price of fewer ranges than are mapped.</param>
/// <param name="IsRedundant">Whether another line covers the same source already.</param>
public sealed record CoverageLine(DmaSource Source, string Tracker, PageSize PageSize, TrackingPrecision Precision, int RangeCount, ulong ExtraBytes, bool IsRedundant);
