namespace Ferry.Conform.Tracing;

/// <summary>The commands of one connection: those that set it up, and those of the scenario that runs now.</summary>
/// <remarks>A scenario begins with a device that is as new, so what it holds can be done again by itself. What is repeated with the same
/// answer takes one line.</remarks>
internal sealed class CommandTrace
{
    private const int MostLines = 1000;

    private readonly List<string> _setup = [];
    private readonly Queue<string> _lines = new();
    private string? _last;
    private int _repeated;
    private long _dropped;
    private bool _isSetup = true;

    /// <summary>Begins a scenario; what the one before did is forgotten.</summary>
    public void Begin()
    {
        (_isSetup, _last, _dropped) = (false, null, 0);
        _lines.Clear();
    }

    /// <summary>Adds what is no command: what was seen.</summary>
    public void Note(string what) => Add($"# {what}");

    /// <summary>Adds a line.</summary>
    public void Add(string line)
    {
        if (_isSetup)
        {
            _setup.Add(line);
            return;
        }

        if (line == _last)
        {
            _repeated++;
            return;
        }

        Flush();
        (_last, _repeated) = (line, 1);
    }

    /// <summary>All of it, in order.</summary>
    public IReadOnlyList<string> Lines()
    {
        Flush();
        _last = null;
        return [.. _setup, .. _dropped > 0 ? [FormattableString.Invariant($"# {_dropped} lines left out")] : Array.Empty<string>(), .. _lines];
    }

    private void Flush()
    {
        if (_last is null)
        {
            return;
        }

        _lines.Enqueue(_repeated == 1 ? _last : FormattableString.Invariant($"{_last} ({_repeated} times)"));
        if (_lines.Count > MostLines)
        {
            _lines.Dequeue();
            _dropped++;
        }
    }
}
