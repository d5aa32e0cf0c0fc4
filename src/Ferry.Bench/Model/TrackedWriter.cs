using Ferry.Migration.Planning;

namespace Ferry.Bench.Model;

/// <summary>Who tracks a source of writes, and how.</summary>
/// <param name="Source">The source's name.</param>
/// <param name="Costs">The provider and its page size, with what it costs for this source.</param>
/// <param name="Sync">In which rounds it enters a P2P state; vCPUs never do.</param>
public sealed record TrackedWriter(string Source, ProviderCosts Costs, P2PSyncPolicy Sync);
