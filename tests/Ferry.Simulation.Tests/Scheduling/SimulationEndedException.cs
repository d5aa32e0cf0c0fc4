namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>Unwinds a simulated thread: its host was killed, or the simulation is over.</summary>
internal sealed class SimulationEndedException : Exception
{
    public SimulationEndedException()
        : base("The simulated host is gone.")
    {
    }
}
