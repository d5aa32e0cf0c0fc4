
namespace Ferry.Migration.Execution;

/// <summary>Keeps all channels together under a number of bytes a second. Thread-safe, allocates nothing.</summary>
/// <param name="host">Whose clock.</param>
/// <param name="bytesPerSecond">The limit, or null for none.</param>
internal sealed class BandwidthLimit(EngineHost host, long? bytesPerSecond)
{
    // What may be sent at once after a pause; longer would be a burst, shorter would cost bandwidth to the scheduler.
    private readonly long _burstTicks = host.Time.TimestampFrequency / 50;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private long _freeAt = host.Now();

    /// <summary>Waits until <paramref name="bytes"/> may be sent.</summary>
    /// <returns>False where <paramref name="isOver"/> was set meanwhile.</returns>
    internal bool Wait(int bytes, ref bool isOver)
    {
        if (bytesPerSecond is not { } rate)
        {
            return !Volatile.Read(ref isOver);
        }

        long due;
        lock (_gate)
        {
            due = Math.Max(_freeAt, host.Now() - _burstTicks);
            _freeAt = due + (long)((double)bytes / rate * host.Time.TimestampFrequency);
        }

        while (!Volatile.Read(ref isOver))
        {
            var wait = host.Time.GetElapsedTime(host.Now(), due);
            if (wait <= TimeSpan.Zero)
            {
                return true;
            }

            host.Sleep(wait < LongestSleep ? wait : LongestSleep);
        }

        return false;
    }
}
