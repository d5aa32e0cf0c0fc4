namespace Ferry.Report.Charts;

/// <summary>One line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="Points">The points, in the order in which they are joined; finite numbers.</param>
/// <param name="IsMarkersOnly">Whether the points are not joined.</param>
public sealed record LineSeries(string Name, IReadOnlyList<(double X, double Y)> Points, bool IsMarkersOnly = false);
