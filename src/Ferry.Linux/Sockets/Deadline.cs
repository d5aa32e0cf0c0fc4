namespace Ferry.Linux.Sockets;

/// <summary>A point of the monotonic clock until which a call may wait.</summary>
internal readonly struct Deadline
{
    private readonly long _tickMilliseconds;

    private Deadline(long tickMilliseconds) => _tickMilliseconds = tickMilliseconds;

    /// <exception cref="ArgumentOutOfRangeException">The time is negative and not infinite.</exception>
    internal static Deadline After(TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan)
        {
            return new Deadline(long.MaxValue);
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        var milliseconds = (long)Math.Min(Math.Ceiling(timeout.TotalMilliseconds), int.MaxValue);
        return new Deadline(Environment.TickCount64 + milliseconds);
    }

    /// <summary>What is left in milliseconds as poll wants it: -1 for ever, 0 where it has passed.</summary>
    internal int PollMilliseconds => _tickMilliseconds == long.MaxValue
        ? -1
        : (int)Math.Clamp(_tickMilliseconds - Environment.TickCount64, 0, int.MaxValue);
}
