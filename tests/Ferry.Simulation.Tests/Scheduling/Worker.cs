using System.Collections.Concurrent;

namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>A thread of this process that runs simulated threads, one after the other; it is used again for later ones.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process, as its thread does.")]
internal sealed class Worker
{
    private static readonly ConcurrentBag<Worker> Idle = [];

    private readonly SemaphoreSlim _go = new(0);
    private Action? _job;

    private Worker() => new Thread(Run, 512 << 10) { IsBackground = true, Name = "simulated" }.Start();

    public static Worker Rent() => Idle.TryTake(out var worker) ? worker : new Worker();

    /// <summary>Gives it a job; it begins at the first <see cref="Resume"/>.</summary>
    public void Assign(Action job) => _job = job;

    public void Resume() => _go.Release();

    /// <summary>Waits for the next <see cref="Resume"/>; called by the job.</summary>
    public void Wait() => _go.Wait();

    private void Run()
    {
        while (true)
        {
            _go.Wait();
            var job = _job!;
            job();
        }
    }

    /// <summary>Gives it back; called by the job as the last thing that it does.</summary>
    public void Return() => Idle.Add(this);
}
