using Ferry.Migration.Execution;

namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>One of the two hosts: threads and semaphores of the engine there, on the time of the simulation.</summary>
internal sealed class SimHost(Scheduler scheduler, string name, int processors) : EngineHost
{
    public string Name => name;

    public Scheduler Scheduler => scheduler;

    /// <summary>Whether it was killed: its threads unwind at the next thing that they do.</summary>
    public bool IsDead { get; set; }

    internal override TimeProvider Time => scheduler.Time;

    internal override int Processors => processors;

    internal override EngineThread Start(string name, Action run) => scheduler.Start(this, name, run);

    internal override EngineSemaphore NewSemaphore(int count) => new SimSemaphore(scheduler, count);

    internal override void Sleep(TimeSpan time, CancellationToken cancellation = default) =>
        scheduler.Block("sleep", () => cancellation.IsCancellationRequested, time);

    private sealed class SimSemaphore(Scheduler scheduler, int count) : EngineSemaphore
    {
        private int _count = count;

        internal override void Release() => _count++;

        internal override bool Wait(TimeSpan timeout)
        {
            if (!scheduler.Block("semaphore", () => _count > 0, timeout))
            {
                return false;
            }

            _count--;
            return true;
        }

        public override void Dispose()
        {
        }
    }
}
