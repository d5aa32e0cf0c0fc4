namespace Ferry.Migration.Execution;

/// <summary>What the engine asks of the host that it runs on, apart from connections, the machine and its trackers: the time, threads, and
/// waiting.</summary>
/// <remarks>Wherever the engine blocks or reads a clock it does so here or in a connection, so that a simulator can run all of it by a seed.
/// Thread-safe. docs/decisions/simulation.md.</remarks>
internal abstract class EngineHost
{
    /// <summary>The real one.</summary>
    internal static EngineHost Real { get; } = new RealHost();

    /// <summary>The clock of all waits and measurements.</summary>
    internal abstract TimeProvider Time { get; }

    /// <summary>How many threads can run at the same time.</summary>
    internal abstract int Processors { get; }

    /// <summary>Starts a thread; <paramref name="run"/> must not throw.</summary>
    internal abstract EngineThread Start(string name, Action run);

    /// <summary>A semaphore that may be passed <paramref name="count"/> times.</summary>
    internal abstract EngineSemaphore NewSemaphore(int count);

    /// <summary>Waits for <paramref name="time"/>, or until <paramref name="cancellation"/>. Allocates nothing where that can't be.</summary>
    internal abstract void Sleep(TimeSpan time, CancellationToken cancellation = default);

    internal long Now() => Time.GetTimestamp();

    internal TimeSpan Since(long timestamp) => Time.GetElapsedTime(timestamp);
}
