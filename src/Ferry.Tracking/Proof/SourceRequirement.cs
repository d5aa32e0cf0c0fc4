using Ferry.Memory;

namespace Ferry.Tracking.Proof;

/// <summary>A source of writes and what it can write: all of it has to be tracked.</summary>
/// <param name="Source">The source.</param>
/// <param name="Mapped">The ranges that are mapped for it; disjoint.</param>
public sealed record SourceRequirement(DmaSource Source, IReadOnlyList<IovaRange> Mapped);
