using Ferry.Linux.Processes;

namespace Ferry.Migration.Execution;

/// <summary>Threads that share out numbered pieces of work, in ascending order.</summary>
internal sealed class WorkCrew : IDisposable
{
    private readonly int _pieces;
    private readonly Action<int> _work;
    private readonly EngineThread[] _threads;
    private readonly EngineSemaphore _ended;
    private int _running;
    private int _next;
    private volatile bool _isStopped;
    private long _cpuTicks;
    private Exception? _failure;

    /// <summary>Starts working at once.</summary>
    internal WorkCrew(EngineHost host, string name, int threads, int pieces, Action<int> work)
    {
        (_pieces, _work) = (pieces, work);
        _threads = new EngineThread[Math.Clamp(threads, 1, Math.Max(1, pieces))];
        _ended = host.NewSemaphore(0);
        _running = _threads.Length;
        for (var i = 0; i < _threads.Length; i++)
        {
            _threads[i] = host.Start(name, Run);
        }
    }

    /// <summary>The processor time of the threads that are done.</summary>
    internal TimeSpan Cpu => TimeSpan.FromTicks(Volatile.Read(ref _cpuTicks));

    /// <summary>Waits until all is done.</summary>
    /// <returns>False where it is not within <paramref name="timeout"/>.</returns>
    /// <exception cref="Exception">What the work threw; the rest of it was left.</exception>
    internal bool Wait(TimeSpan timeout)
    {
        var isDone = HasEnded(timeout);
        if (Volatile.Read(ref _failure) is { } failure)
        {
            HasEnded(Timeout.InfiniteTimeSpan);
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }

        return isDone;
    }

    /// <summary>Leaves what was not begun, and waits for what was.</summary>
    public void Dispose()
    {
        _isStopped = true;
        foreach (var thread in _threads)
        {
            thread.Join();
        }

        _ended.Dispose();
    }

    // Whoever saw the end passes it on to whoever asks next.
    private bool HasEnded(TimeSpan timeout)
    {
        if (!_ended.Wait(timeout))
        {
            return false;
        }

        _ended.Release();
        return true;
    }

    private void Run()
    {
        try
        {
            while (!_isStopped && Interlocked.Increment(ref _next) - 1 is var piece && piece < _pieces)
            {
                _work(piece);
            }
        }
        // It is rethrown to whoever waits.
        catch (Exception e)
        {
            _isStopped = true;
            Interlocked.CompareExchange(ref _failure, e, null);
        }
        finally
        {
            Interlocked.Add(ref _cpuTicks, ThreadClock.Now.Ticks);
            if (Interlocked.Decrement(ref _running) == 0)
            {
                _ended.Release();
            }

        }
    }
}
