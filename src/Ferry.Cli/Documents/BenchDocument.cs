using Ferry.Bench.Profiles;

namespace Ferry.Cli.Documents;

/// <summary>What <c>bench</c> prints.</summary>
/// <param name="Complete">Whether every point of the design was measured.</param>
/// <param name="Points">How many points the design has.</param>
/// <param name="Measured">How many of them are measured.</param>
/// <param name="Profile">Where the profile is; null where nothing was measured.</param>
/// <param name="Report">Where the report is; null where none was made.</param>
/// <param name="Problem">Why it ended before its end; null where it did not.</param>
/// <param name="Notes">What could not be measured, each with the reason.</param>
/// <param name="Costs">The costs.</param>
internal sealed record BenchDocument(
    bool Complete, int Points, int Measured, string? Profile, string? Report, string? Problem, IReadOnlyList<string> Notes, IReadOnlyList<FittedCost> Costs);
