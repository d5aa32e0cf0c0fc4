using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Sockets;

/// <summary>Waiting for one descriptor.</summary>
internal static class Polling
{
    /// <summary>Waits until one of <paramref name="events"/>, an error or a hang-up is there.</summary>
    /// <returns>False where the deadline passed first.</returns>
    internal static unsafe bool Wait(SafeFileHandle handle, short events, Deadline deadline, string subject)
    {
        var added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            while (true)
            {
                var entry = new PollDescriptor { Descriptor = (int)handle.DangerousGetHandle(), Events = events };
                var milliseconds = deadline.PollMilliseconds;
                var ready = SocketCalls.Poll(&entry, 1, milliseconds);
                if (ready >= 0)
                {
                    return ready > 0;
                }

                var errno = Marshal.GetLastPInvokeError();
                if (errno != SocketErrno.Interrupted)
                {
                    throw new KernelCallException("poll", errno, subject);
                }
            }
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }
}
