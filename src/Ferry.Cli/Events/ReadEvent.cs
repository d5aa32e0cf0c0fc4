namespace Ferry.Cli.Events;

/// <summary>What one sync found in one tracker.</summary>
/// <param name="Round">The round, from 1; the last also has the switchover's sync.</param>
/// <param name="Tracker">The provider.</param>
/// <param name="Sources">Whose writes it sees.</param>
/// <param name="DirtyPages">The pages of 4 KiB that were not dirty before it was read.</param>
/// <param name="Seconds">How long reading it took.</param>
internal sealed record ReadEvent(int Round, string Tracker, string Sources, ulong DirtyPages, double Seconds);
