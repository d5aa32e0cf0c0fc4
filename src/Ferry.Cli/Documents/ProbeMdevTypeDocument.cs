namespace Ferry.Cli.Documents;

/// <summary>A kind of mediated device that a driver offers to make.</summary>
/// <param name="Parent">The device that they are made of.</param>
/// <param name="Type">The type.</param>
/// <param name="Label">What its driver calls it; null where it doesn't say.</param>
/// <param name="Api">What it is to a VMM.</param>
/// <param name="Available">How many more can be made; null where that isn't known.</param>
internal sealed record ProbeMdevTypeDocument(string Parent, string Type, string? Label, string? Api, ulong? Available);
