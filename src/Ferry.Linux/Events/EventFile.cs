using System.Runtime.InteropServices;
using Ferry.Linux.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Events;

/// <summary>A counter in the kernel that one side signals and another waits for (eventfd). Source: eventfd(2).</summary>
public sealed partial class EventFile : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    private readonly bool _mayBlock;

    /// <summary>A counter at zero.</summary>
    /// <exception cref="KernelCallException">No more descriptors.</exception>
    public EventFile()
    {
        var descriptor = Create(0, CloseOnExec | NonBlocking);
        Handle = descriptor >= 0
            ? new SafeFileHandle(descriptor, ownsHandle: true)
            : throw new KernelCallException("eventfd", Marshal.GetLastPInvokeError(), "initial value 0");
    }

    /// <summary>Takes over a descriptor that arrived from elsewhere, and may be no counter at all.</summary>
    public EventFile(SafeFileHandle handle) => (Handle, _mayBlock) = (handle, true);

    /// <summary>The descriptor.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Adds one. A counter that is full stays full. Allocates nothing.</summary>
    public unsafe void Signal()
    {
        // Its own descriptor never blocks; another's may, and whether it does is not for this process to change.
        if (_mayBlock && !Polling.Wait(Handle, SocketCalls.PollOut, Deadline.After(TimeSpan.Zero), "event"))
        {
            return;
        }

        ulong one = 1;
        _ = Write(Handle, &one, sizeof(ulong));
    }

    /// <summary>Takes the counter's value and sets it to zero; 0 where it was not signalled.</summary>
    public unsafe ulong Take()
    {
        ulong value = 0;
        return Read(Handle, &value, sizeof(ulong)) == sizeof(ulong) ? value : 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int Create(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(SafeFileHandle file, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(SafeFileHandle file, void* bytes, nuint count);
}
