using Ferry.Migration.Execution;

namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>A thread that runs only while it holds the baton.</summary>
internal sealed class SimThread(Scheduler scheduler, SimHost host, int number, string name, Action run) : EngineThread
{
    public SimHost Host => host;

    public int Number => number;

    public string Name => name;

    public Worker Worker { get; } = Worker.Rent();

    /// <summary>What it waits for; null where it can go on at once.</summary>
    public Func<bool>? Until { get; set; }

    /// <summary>When it stops waiting, in ticks of 100 ns.</summary>
    public long Deadline { get; set; }

    /// <summary>What it waits for, in words.</summary>
    public string At { get; set; } = "start";

    public bool HasEnded { get; set; }

    public Exception? Failure { get; private set; }

    public bool CanRun(long now) => !HasEnded && (Until is null || now >= Deadline || Until());

    internal override void Join() => scheduler.Join(this);

    public void Run()
    {
        try
        {
            if (!host.IsDead)
            {
                run();
            }
        }
        catch (SimulationEndedException)
        {
            // That is what it was thrown for.
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }
}
