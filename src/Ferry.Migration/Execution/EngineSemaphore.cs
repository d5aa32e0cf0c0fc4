namespace Ferry.Migration.Execution;

/// <summary>A counting semaphore. Thread-safe; its calls allocate nothing.</summary>
internal abstract class EngineSemaphore : IDisposable
{
    /// <summary>Lets one more pass.</summary>
    internal abstract void Release();

    /// <summary>Waits to pass.</summary>
    /// <returns>False where it could not within <paramref name="timeout"/>.</returns>
    internal abstract bool Wait(TimeSpan timeout);

    internal void Wait() => Wait(Timeout.InfiniteTimeSpan);

    public abstract void Dispose();
}
