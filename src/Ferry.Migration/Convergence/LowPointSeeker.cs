namespace Ferry.Migration.Convergence;

/// <summary>Finds a low point of what remains within a given number of rounds.</summary>
/// <remarks>First it holds out for what is near the least of the last rounds. With each round that it lets pass it takes a larger part of their
/// lowest, in the end all that is below the median, and the last round as it is. Allocates nothing after construction.</remarks>
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
        var recent = _recent.AsSpan(0, (int)Math.Min(_observed, RememberedRounds));
        var least = long.MaxValue;
        var lower = 0;
        foreach (var remaining in recent)
        {
            least = Math.Min(least, remaining);
            lower += remaining < remainingBytes ? 1 : 0;
        }

        if (_refused == maxRounds || remainingBytes <= least * (1 + tolerance) || 2L * lower * maxRounds <= (long)_refused * recent.Length)
        {
            return true;
        }

        _refused++;
        return false;
    }
}
