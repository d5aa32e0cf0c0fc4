using Ferry.Migration.Reports;

namespace Ferry.Simulation.Tests.Running;

/// <summary>Something that happens once, at a turn.</summary>
/// <param name="What">What.</param>
/// <param name="From">The phase of the source from which turns count; <see cref="MigrationPhase.Handshake"/> for the start.</param>
/// <param name="Turn">When.</param>
/// <param name="Time">How long, for what has a length.</param>
internal sealed record SimEvent(SimEventKind What, MigrationPhase From, int Turn, TimeSpan Time);
