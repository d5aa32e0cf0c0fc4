namespace Ferry.Devices.Models;

/// <summary>A token bucket: how many bytes may be sent now. Time that passed unused counts up to a short burst, so a wait is not made
/// good for by a flood.</summary>
internal sealed class RnicPace
{
    private static readonly TimeSpan BurstTime = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(100);

    private readonly TimeProvider _clock;
    private readonly double _bytesPerSecond;
    private readonly double _burstBytes;
    private readonly int _messageBytes;
    private double _credit;
    private long _last;

    /// <summary>A full bucket; a rate of null has no limit.</summary>
    public RnicPace(ulong? bytesPerSecond, int messageBytes, TimeProvider clock)
    {
        _bytesPerSecond = bytesPerSecond ?? double.PositiveInfinity;
        _messageBytes = messageBytes;
        // The message on top, or time that passes while one becomes due would be lost at each of them.
        _burstBytes = messageBytes + (_bytesPerSecond * BurstTime.TotalSeconds);
        (_clock, _last) = (clock, clock.GetTimestamp());
    }

    /// <summary>Whether a message is due; looks at the clock only when the credit is used up.</summary>
    public bool IsDue()
    {
        if (_credit < _messageBytes)
        {
            Refill();
        }

        return _credit >= _messageBytes;
    }

    /// <summary>Takes a message's bytes.</summary>
    public void Spend() => _credit -= _messageBytes;

    /// <summary>Forgets credit that the time before brought, when the device begins.</summary>
    public void Restart() => (_credit, _last) = (0, _clock.GetTimestamp());

    /// <summary>How long until the next message is due.</summary>
    public TimeSpan UntilDue()
    {
        if (double.IsPositiveInfinity(_bytesPerSecond))
        {
            return TimeSpan.Zero;
        }

        var seconds = (_messageBytes - _credit) / _bytesPerSecond;
        return seconds < LongestSleep.TotalSeconds ? TimeSpan.FromSeconds(Math.Max(0, seconds)) : LongestSleep;
    }

    private void Refill()
    {
        var now = _clock.GetTimestamp();
        if (now == _last)
        {
            return;
        }

        var elapsed = _clock.GetElapsedTime(_last, now).TotalSeconds;
        _credit = double.IsPositiveInfinity(_bytesPerSecond) ? _burstBytes : Math.Min(_burstBytes, _credit + (elapsed * _bytesPerSecond));
        _last = now;
    }
}
