using System.Runtime.InteropServices;

namespace Ferry.Linux.Processes;

/// <summary>Signals to other processes. Source: kill(2).</summary>
public static partial class ProcessSignals
{
    private const int Sigterm = 15;
    private const int Esrch = 3;

    /// <summary>Asks a process to end (SIGTERM).</summary>
    /// <param name="processId">The process; a number above 0, as others stand for many processes.</param>
    /// <returns>False where there is no such process.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The number stands for many processes.</exception>
    /// <exception cref="KernelCallException">The process is another user's.</exception>
    public static bool Terminate(int processId)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(processId);
        if (Kill(processId, Sigterm) == 0)
        {
            return true;
        }

        var errno = Marshal.GetLastPInvokeError();
        return errno == Esrch ? false : throw new KernelCallException("kill", errno, $"SIGTERM to process {processId}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
