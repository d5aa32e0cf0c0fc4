namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>The virtual clock, in ticks of 100 ns.</summary>
internal sealed class SimTime : TimeProvider
{
    // Not 0, which means "never" to much code.
    public long Ticks { get; set; } = TimeSpan.TicksPerSecond;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Ticks;
}
