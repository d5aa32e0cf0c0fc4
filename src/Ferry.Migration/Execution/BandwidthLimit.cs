using System.Diagnostics;

namespace Ferry.Migration.Execution;

/// <summary>Keeps all channels together under a number of bytes a second. Thread-safe, allocates nothing.</summary>
/// <param name="bytesPerSecond">The limit, or null for none.</param>
internal sealed class BandwidthLimit(long? bytesPerSecond)
{
    // What may be sent at once after a pause; longer would be a burst, shorter would cost bandwidth to the scheduler.
    private static readonly long BurstTicks = Stopwatch.Frequency / 50;
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private long _freeAt = Stopwatch.GetTimestamp();

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
            due = Math.Max(_freeAt, Stopwatch.GetTimestamp() - BurstTicks);
            _freeAt = due + (long)((double)bytes / rate * Stopwatch.Frequency);
        }

        while (!Volatile.Read(ref isOver))
        {
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (wait <= TimeSpan.Zero)
            {
                return true;
            }

            Thread.Sleep(wait < LongestSleep ? wait : LongestSleep);
        }

        return false;
    }
}
