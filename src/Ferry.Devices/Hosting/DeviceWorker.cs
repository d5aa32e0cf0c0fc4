namespace Ferry.Devices.Hosting;

/// <summary>The thread that does a device's work: it calls a step again and again, and parks between two steps when it is told to.</summary>
/// <remarks>Steps are short: a pause waits for the one that is under way. <see cref="Pause"/>, <see cref="Resume"/> and
/// <see cref="Dispose"/> come from one thread, <see cref="Wake"/> from any. Allocates nothing once it runs.</remarks>
public sealed class DeviceWorker : IDisposable
{
    private readonly object _gate = new();
    private readonly Func<TimeSpan> _step;
    private readonly Thread _thread;
    private volatile bool _isWanted;
    private int _pauses = 1;
    private bool _woken;
    private bool _parked;
    private bool _stop;

    /// <summary>Starts the thread, paused.</summary>
    /// <param name="name">Its name, for debuggers.</param>
    /// <param name="step">Does a little work and says how long it may be left alone, at a resolution of a millisecond; zero means it
    /// has more to do now. What it throws ends the process.</param>
    public DeviceWorker(string name, Func<TimeSpan> step)
    {
        _step = step;
        _isWanted = true;
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Whether someone waits for the worker to park; a step that has much to do looks at it and returns.</summary>
    public bool IsWanted => _isWanted;

    /// <summary>Returns when no step is under way, and none begins until <see cref="Resume"/> was called as often.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            _pauses++;
            _isWanted = true;
            Monitor.PulseAll(_gate);
            while (!_parked && !_stop)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Takes one pause back.</summary>
    /// <exception cref="InvalidOperationException">It is not paused.</exception>
    public void Resume()
    {
        lock (_gate)
        {
            if (_pauses == 0)
            {
                throw new InvalidOperationException("The worker is not paused.");
            }

            _pauses--;
            _isWanted = _stop || _pauses > 0;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Calls the step soon, although it may be left alone.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the thread, after the step that is under way.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stop = true;
            _isWanted = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        for (var idle = TimeSpan.Zero; WaitForTurn(idle);)
        {
            idle = _step();
        }
    }

    private bool WaitForTurn(TimeSpan idle)
    {
        if (idle == TimeSpan.Zero && !_isWanted)
        {
            return true;
        }

        lock (_gate)
        {
            if (idle > TimeSpan.Zero && !_isWanted && !_woken)
            {
                Monitor.Wait(_gate, idle);
            }

            _woken = false;
            while (_pauses > 0 && !_stop)
            {
                _parked = true;
                Monitor.PulseAll(_gate);
                Monitor.Wait(_gate);
            }

            _parked = false;
            return !_stop;
        }
    }
}
