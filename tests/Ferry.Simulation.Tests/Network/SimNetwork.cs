using Ferry.Migration.Transport;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Network;

/// <summary>Connections from a source to a destination, without a kernel between.</summary>
internal sealed class SimNetwork(SimHost source, SimHost destination, Dice dice, NetworkOptions options) : IConnector, IConnectionListener, IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private NetworkOptions _options = options;
    private readonly Queue<SimConnection> _waiting = new();
    private readonly List<(SimConnection Source, SimConnection Destination)> _all = [];
    private int _connects;
    private int _accepts;
    private long _downUntil;

    public string Peer => "destination:1";

    public string Address => "destination:1";

    /// <summary>Whether somebody listens.</summary>
    public bool IsListening { get; private set; } = true;

    // Nothing goes through, for a connection that is being made.
    private bool IsDown => source.Scheduler.Time.Ticks < _downUntil;

    /// <summary>What was sent over each connection, from the source and to it.</summary>
    public IEnumerable<(long FromSource, long ToSource)> Sent => _all.Select(pair => (pair.Source.Output.Sent, pair.Destination.Output.Sent));

    public IConnection Connect()
    {
        source.Scheduler.Point("connect");
        var number = _connects++;
        if (!IsListening || _options.Refused.Contains(number))
        {
            throw new IOException($"{Peer}: connection refused.");
        }

        if (IsDown)
        {
            source.Scheduler.Block("connect", static () => false, ConnectTimeout);
            throw new TimeoutException($"{Peer}: no answer.");
        }

        var (there, back) = (PipeOf(number, fromSource: true), PipeOf(number, fromSource: false));
        var here = new SimConnection(source, dice.Fork(), Peer, there, back, _options.CallTimeout) { CutPercent = _options.CutPercent };
        var other = new SimConnection(destination, dice.Fork(), "source", back, there, _options.CallTimeout) { CutPercent = _options.CutPercent };
        _all.Add((here, other));
        _waiting.Enqueue(other);
        return here;
    }

    public IConnection? Accept(TimeSpan timeout)
    {
        if (!destination.Scheduler.Block("accept", () => _waiting.Count > 0, timeout))
        {
            return null;
        }

        if (_options.FailingAccepts.Contains(_accepts++))
        {
            throw new IOException("accept: too many open files.");
        }

        return _waiting.Dequeue();
    }

    /// <summary>The destination's process has gone, or does not listen any more.</summary>
    public void StopListening()
    {
        IsListening = false;
        while (_waiting.TryDequeue(out var connection))
        {
            connection.Abort();
        }
    }

    /// <summary>Breaks all connections.</summary>
    public void CutAll()
    {
        foreach (var (here, _) in _all)
        {
            here.Cut();
        }
    }

    /// <summary>Breaks all connections, and lets none be made for <paramref name="time"/>.</summary>
    public void GoDown(TimeSpan time)
    {
        CutAll();
        _downUntil = source.Scheduler.Time.Ticks + time.Ticks;
        source.Scheduler.Alarm(_downUntil);
    }

    /// <summary>From here on everything works.</summary>
    public void Heal()
    {
        (_downUntil, IsListening) = (0, true);
        _options = _options with { Faults = [], Refused = new HashSet<int>(), FailingAccepts = new HashSet<int>() };
    }

    /// <summary>Ends every connection as the death of a process does.</summary>
    public void EndAll(bool ofSource)
    {
        foreach (var (here, other) in _all)
        {
            (ofSource ? here : other).Abort();
        }
    }

    public void Dispose()
    {
        foreach (var (here, _) in _all)
        {
            here.Output.Dispose();
            here.Input.Dispose();
        }
    }

    private Pipe PipeOf(int number, bool fromSource)
    {
        var fault = _options.Faults.FirstOrDefault(each => each.Connection == number && each.FromSource == fromSource);
        return new Pipe(source.Scheduler, _options.CapacityBytes) { Fault = fault?.What ?? LinkFault.None, FaultAt = fault?.AtByte ?? 0, StallTime = fault?.Time ?? TimeSpan.Zero };
    }
}
