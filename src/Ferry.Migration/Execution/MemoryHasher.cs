using Ferry.Migration.Contracts;
using Ferry.Migration.Pages;

namespace Ferry.Migration.Execution;

/// <summary>Hashes all memory of a machine that nothing writes, on several threads.</summary>
internal static class MemoryHasher
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    /// <param name="host">Whose threads and clock.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="layout">Its pages.</param>
    /// <param name="threads">How many threads.</param>
    /// <param name="tick">Called from time to time; may throw to end it.</param>
    /// <param name="cpu">The processor time it took.</param>
    internal static MemoryHash Hash(EngineHost host, IMigratableMachine machine, PageLayout layout, int threads, Action tick, out TimeSpan cpu)
    {
        var populated = new PageBits(layout);
        populated.Set(machine.FindPopulated());
        var hash = new MemoryHash(layout);
        using var crew = new WorkCrew(host, "ferry verify", threads, hash.Groups.Length, group => hash.Add(group, populated));
        while (!crew.Wait(Tick))
        {
            tick();
        }

        cpu = crew.Cpu;
        return hash;
    }
}
