namespace Ferry.Simulation.Tests.Running;

/// <summary>What came of a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Failure">Which rule was broken and how, or null.</param>
/// <param name="Outcome">Who runs, in words.</param>
/// <param name="Trace">Equal runs have equal traces.</param>
/// <param name="Turns">How often the scheduler chose.</param>
/// <param name="Ticks">The virtual time that passed, in units of 100 ns.</param>
internal sealed record SimResult(ulong Seed, string? Failure, string Outcome, ulong Trace, int Turns, long Ticks);
