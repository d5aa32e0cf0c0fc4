namespace Ferry.Simulation.Tests.Network;

/// <summary>A fault of one direction of one connection.</summary>
/// <param name="Connection">Which, in the order of connecting, from 0; 0 is the control connection.</param>
/// <param name="FromSource">Whether it is the way from the source to the destination.</param>
/// <param name="What">What it is.</param>
/// <param name="AtByte">The bytes that pass before it.</param>
/// <param name="Time">How long, for what has a length.</param>
internal sealed record PlannedFault(int Connection, bool FromSource, LinkFault What, long AtByte, TimeSpan Time);
