namespace Ferry.Report.Charts;

/// <summary>One part of each bar of a <see cref="BarChart"/>.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Values">Its length in each bar; finite numbers from zero.</param>
public sealed record BarSeries(string Name, IReadOnlyList<double> Values);
