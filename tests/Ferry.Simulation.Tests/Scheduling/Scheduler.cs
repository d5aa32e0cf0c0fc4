namespace Ferry.Simulation.Tests.Scheduling;

/// <summary>Runs simulated threads one at a time, in an order and over a time that a seed decides.</summary>
/// <remarks>A thread runs until it waits for something here. Then the world takes its turn (guests and devices write), and the dice say who
/// goes on. Where nobody can, time leaps to the next deadline. So a seed gives the same run every time, whatever the machine does.</remarks>
internal sealed class Scheduler(Dice dice, int stayPercent) : IDisposable
{
    private const int MaxTurns = 200_000;
    private static readonly long MaxTicks = TimeSpan.FromHours(2).Ticks;

    private readonly List<SimThread> _threads = [];
    private readonly List<SimThread> _able = [];
    private readonly PriorityQueue<int, long> _alarms = new();
    private readonly SemaphoreSlim _over = new(0);
    private SimThread? _current;
    private bool _isInWorld;

    public SimTime Time { get; } = new();

    /// <summary>What guests, devices and fate do between any two steps of the engine.</summary>
    public Action World { get; set; } = static () => { };

    /// <summary>Why the run had to be given up, or null.</summary>
    public string? Broken { get; private set; }

    public int Turns { get; private set; }

    /// <summary>Folds in who ran when: equal runs have equal traces.</summary>
    public ulong Trace { get; private set; }

    public IEnumerable<SimThread> Threads => _threads;

    public SimThread Start(SimHost host, string name, Action run)
    {
        var thread = new SimThread(this, host, _threads.Count, name, run);
        thread.Worker.Assign(() => RunOn(thread));
        _threads.Add(thread);
        return thread;
    }

    /// <summary>Runs until every thread has ended.</summary>
    public void Run()
    {
        var first = Pick();
        if (first is null)
        {
            return;
        }

        _current = first;
        first.Worker.Resume();
        _over.Wait();
    }

    /// <summary>A place where others may go on.</summary>
    public void Point(string at) => Block(at, null, TimeSpan.Zero);

    /// <summary>Waits until <paramref name="until"/> holds, or for <paramref name="timeout"/>; without a condition others may go on.</summary>
    /// <returns>Whether it holds.</returns>
    public bool Block(string at, Func<bool>? until, TimeSpan timeout)
    {
        // What the world does is one step.
        if (_isInWorld)
        {
            return until?.Invoke() ?? true;
        }

        var me = _current!;
        (me.At, me.Until) = (at, until);
        me.Deadline = timeout == Timeout.InfiniteTimeSpan ? long.MaxValue : Time.Ticks + Math.Max(0, timeout.Ticks);
        Switch(me);
        me.Until = null;
        return IsOver(me) ? throw new SimulationEndedException() : until?.Invoke() ?? true;
    }

    public void Join(SimThread other)
    {
        var me = _current!;
        (me.At, me.Until, me.Deadline) = ($"join {other.Name}", () => other.HasEnded, long.MaxValue);
        while (!other.HasEnded)
        {
            Switch(me);
        }

        me.Until = null;
    }

    /// <summary>Has the clock stop at <paramref name="ticks"/> on its leaps, since something changes then that threads wait for.</summary>
    public void Alarm(long ticks) => _alarms.Enqueue(0, ticks);

    public void Dispose() => _over.Dispose();

    public void Break(string why) => Broken ??= why;

    private bool IsOver(SimThread thread) => Broken is not null || thread.Host.IsDead;

    private void Switch(SimThread me)
    {
        var next = Pick()!;
        if (next != me)
        {
            _current = next;
            next.Worker.Resume();
            me.Worker.Wait();
        }
    }

    private void RunOn(SimThread thread)
    {
        thread.Run();
        thread.HasEnded = true;
        if (thread.Failure is { } failure)
        {
            Break($"{thread.Host.Name}: thread {thread.Name} threw {failure}");
        }

        var next = Pick();
        thread.Worker.Return();
        if (next is null)
        {
            _over.Release();
        }
        else
        {
            _current = next;
            next.Worker.Resume();
        }
    }

    private SimThread? Pick()
    {
        if (++Turns > MaxTurns || Time.Ticks > MaxTicks)
        {
            Break($"No end after {Turns} turns and {TimeSpan.FromTicks(Time.Ticks)}: {Where()}");
        }

        TakeWorldsTurn();
        while (true)
        {
            Time.Ticks += dice.Below(200);
            _able.Clear();
            var deadline = long.MaxValue;
            foreach (var thread in _threads)
            {
                if (thread.CanRun(Time.Ticks) || (!thread.HasEnded && IsOver(thread) && !thread.At.StartsWith("join", StringComparison.Ordinal)))
                {
                    _able.Add(thread);
                }
                else if (!thread.HasEnded)
                {
                    deadline = Math.Min(deadline, thread.Deadline);
                }
            }

            if (_able.Count > 0)
            {
                var next = _able.Count == 1 || (_current is { } current && _able.Contains(current) && dice.Chance(stayPercent)) ? Stay() : _able[dice.Below(_able.Count)];
                Trace = ((Trace ^ (ulong)next.Number ^ ((ulong)Time.Ticks << 8)) * 0x9e3779b97f4a7c15) ^ (Trace >> 29);
                return next;
            }

            if (_threads.TrueForAll(thread => thread.HasEnded))
            {
                return null;
            }

            while (_alarms.TryPeek(out _, out var alarm) && alarm <= Time.Ticks)
            {
                _alarms.Dequeue();
            }

            if (_alarms.TryPeek(out _, out var change))
            {
                deadline = Math.Min(deadline, change);
            }

            if (deadline == long.MaxValue)
            {
                Break($"Everything waits for ever: {Where()}");
                continue;
            }

            Time.Ticks = Math.Max(Time.Ticks, deadline);
            TakeWorldsTurn();
        }
    }

    private SimThread Stay() => _able.Count == 1 ? _able[0] : _current!;

    private void TakeWorldsTurn()
    {
        if (Broken is not null)
        {
            return;
        }

        _isInWorld = true;
        try
        {
            World();
        }
        catch (Exception e)
        {
            Break(e.Message);
        }
        finally
        {
            _isInWorld = false;
        }
    }

    private string Where() => string.Join("; ", _threads.Where(thread => !thread.HasEnded).Select(thread => $"{thread.Host.Name} {thread.Name} at {thread.At}"));
}
