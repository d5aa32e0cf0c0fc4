using Ferry.Bench.Profiles;

namespace Ferry.Cli.Documents;

/// <summary>What <c>bench diff</c> prints.</summary>
/// <param name="HostsDiffer">Why the two are not of one host as it was; null where they are.</param>
/// <param name="Differing">How many costs differ by more than their errors.</param>
/// <param name="Costs">Every cost of either.</param>
internal sealed record BenchDiffDocument(string? HostsDiffer, int Differing, IReadOnlyList<CostDifference> Costs);
