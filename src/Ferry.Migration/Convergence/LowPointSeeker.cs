namespace Ferry.Migration.Convergence;

/// <summary>Finds a low point of what remains within a given number of rounds.</summary>
/// <remarks>First it holds out for what was near the least of the last rounds; from the middle on it takes what is not above their mean, and the
/// last round it takes as it is. Allocates nothing after construction.</remarks>
internal sealed class LowPointSeeker(int maxRounds, double tolerance)
{
    // Older rounds say little: the guest may do something else by now.
    private const int RememberedRounds = 12;

    private readonly long[] _recent = new long[RememberedRounds];
    private long _observed;
    private int _refused;

    /// <summary>Remembers a round.</summary>
    internal void Observe(long remainingBytes)
    {
        _recent[_observed++ % RememberedRounds] = remainingBytes;
    }

    /// <summary>Whether the round observed last is low enough to switch over; every refusal is counted.</summary>
    internal bool Accepts(long remainingBytes)
    {
        var count = (int)Math.Min(_observed, RememberedRounds);
        var least = long.MaxValue;
        var sum = 0.0;
        foreach (var remaining in _recent.AsSpan(0, count))
        {
            least = Math.Min(least, remaining);
            sum += remaining;
        }

        var isLow = remainingBytes <= least * (1 + tolerance) || (_refused * 2 >= maxRounds && remainingBytes <= sum / count);
        if (isLow || _refused == maxRounds)
        {
            return true;
        }

        _refused++;
        return false;
    }
}
