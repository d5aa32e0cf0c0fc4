using System.Runtime.InteropServices;

namespace Ferry.Linux.Processes;

/// <summary>The processor time that the calling thread has used. Source: clock_gettime(2), CLOCK_THREAD_CPUTIME_ID.</summary>
public static unsafe partial class ThreadClock
{
    private const int ThreadCpuTime = 3;

    /// <summary>User and system time of the calling thread since it started. Allocates nothing.</summary>
    /// <exception cref="KernelCallException">The call failed.</exception>
    public static TimeSpan Now
    {
        get
        {
            // struct timespec: seconds and nanoseconds, both 64 bits here.
            var value = stackalloc long[2];
            return GetTime(ThreadCpuTime, value) == 0
                ? TimeSpan.FromTicks((value[0] * TimeSpan.TicksPerSecond) + (value[1] / TimeSpan.NanosecondsPerTick))
                : throw new KernelCallException("clock_gettime", Marshal.GetLastPInvokeError(), "CLOCK_THREAD_CPUTIME_ID");
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime", SetLastError = true)]
    private static partial int GetTime(int clock, long* value);
}
