namespace Ferry.Simulation.Tests.Machines;

/// <summary>A write to guest memory, as the log of the simulation has it.</summary>
/// <param name="Ticks">When.</param>
/// <param name="Writer">Who.</param>
/// <param name="Page">The address of the page.</param>
/// <param name="Offset">Where in it; -1 for all of it.</param>
/// <param name="Value">Eight bytes; for all of a page what it is filled from, 0 for zeros.</param>
internal readonly record struct LoggedWrite(long Ticks, string Writer, ulong Page, int Offset, ulong Value);
