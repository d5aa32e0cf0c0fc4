namespace Ferry.Migration.Convergence;

/// <summary>Tells when rounds no longer shrink what remains: the least of a window is hardly below the least before it.</summary>
/// <remarks>Least against least, since a single round may be high by chance, or low. Allocates nothing after construction.</remarks>
internal sealed class StallDetector(int windowRounds, double shrink)
{
    private readonly long[] _window = new long[windowRounds];
    private long _count;
    private long _leastBefore;

    /// <summary>Adds a round.</summary>
    /// <returns>Whether the last rounds are a stall; false until there is a window and something before it.</returns>
    internal bool Add(long remainingBytes)
    {
        var slot = (int)(_count % _window.Length);
        if (_count >= _window.Length)
        {
            _leastBefore = _count == _window.Length ? _window[slot] : Math.Min(_leastBefore, _window[slot]);
        }

        _window[slot] = remainingBytes;
        _count++;
        return _count > _window.Length && Least() >= _leastBefore * (1 - shrink);
    }

    /// <summary>Forgets all rounds, because something changed that they tell nothing about.</summary>
    internal void Restart() => _count = 0;

    private long Least()
    {
        var least = long.MaxValue;
        foreach (var remaining in _window)
        {
            least = Math.Min(least, remaining);
        }

        return least;
    }
}
