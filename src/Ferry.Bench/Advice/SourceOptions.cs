using Ferry.Bench.Model;

namespace Ferry.Bench.Advice;

/// <summary>The ways in which one source of writes can be tracked.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Costs">One entry for each provider and page size that was measured for it; at least one.</param>
public sealed record SourceOptions(string Source, IReadOnlyList<ProviderCosts> Costs);
