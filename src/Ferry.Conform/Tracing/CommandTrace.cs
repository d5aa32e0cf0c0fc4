namespace Ferry.Conform.Tracing;

/// <summary>The commands of one connection: those that set it up, and those since the device was last as new.</summary>
/// <remarks>What is held can be done again by itself, on a new connection. What is repeated with the same answer takes one line.</remarks>
internal sealed class CommandTrace(IReadOnlyList<string> opening)
{
    private const int MostLines = 1000;

    private readonly List<string> _setup = [.. opening];
    private readonly List<string> _lines = [];
    private string? _last;
    private int _repeated;
    private long _dropped;
    private int _begin;
    private bool _isSetup = true;

    /// <summary>Says that what follows no longer sets the connection up.</summary>
    public void EndSetup() => _isSetup = false;

    /// <summary>Marks the place from which on a scenario is told.</summary>
    public void Begin()
    {
        Flush();
        _begin = _lines.Count;
    }

    /// <summary>Says that since <see cref="Begin"/> the device became as new, so that what was before has no part in what follows.</summary>
    public void ForgetBefore()
    {
        Flush();
        _lines.RemoveRange(0, _begin);
        (_begin, _dropped) = (0, 0);
    }

    /// <summary>Adds what is no command: what was seen, or is meant.</summary>
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
        return [.. _setup, .. _dropped > 0 ? [FormattableString.Invariant($"# {_dropped} lines left out")] : Array.Empty<string>(), .. _lines];
    }

    private void Flush()
    {
        if (_last is null)
        {
            return;
        }

        _lines.Add(_repeated == 1 ? _last : FormattableString.Invariant($"{_last} ({_repeated} times)"));
        _last = null;
        if (_lines.Count > MostLines)
        {
            var surplus = _lines.Count - MostLines;
            _lines.RemoveRange(0, surplus);
            _begin = Math.Max(0, _begin - surplus);
            _dropped += surplus;
        }
    }
}
