namespace Ferry.Cli.Reporting;

/// <summary>What a model made of a profile, for the charts that show it.</summary>
/// <param name="Text">Which machine it is, or why there is nothing.</param>
/// <param name="Links">Predicted migrations over tracking page sizes, one curve a link.</param>
/// <param name="Pairs">Whole migrations, predicted and measured.</param>
internal sealed record BenchPredictions(string Text, IReadOnlyList<LinkCurve> Links, IReadOnlyList<PredictedPair> Pairs);
