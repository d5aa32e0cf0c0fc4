using System.Runtime.InteropServices;

namespace Ferry.Linux.Threads;

/// <summary>Interrupts a system call that another thread is in. Source: tgkill(2), sigaction(2).</summary>
/// <remarks>The signal's handler is a function of the C library that does nothing of consequence: no managed code runs in a signal
/// handler. The signal is beyond those that the .NET runtime uses for itself.</remarks>
public static unsafe partial class ThreadKick
{
    private const int Signal = 34 + 8;
    private const int TgKillNumber = 234;
    private const int GetTidNumber = 186;
    private static readonly Lazy<bool> Installed = new(Install);

    /// <summary>The kernel's number of the calling thread, which can be kicked from now on.</summary>
    public static int EnterThread()
    {
        _ = Installed.Value;
        return (int)SystemCall(GetTidNumber, 0, 0, 0);
    }

    /// <summary>Makes the system call that the thread is in return EINTR. A thread that is gone is left alone.</summary>
    public static void Kick(int thread) => _ = SystemCall(TgKillNumber, Environment.ProcessId, thread, Signal);

    private static bool Install()
    {
        // struct sigaction of the C library: the handler, 128 bytes of mask, the flags, the restorer. No SA_RESTART.
        var action = stackalloc byte[152];
        new Span<byte>(action, 152).Clear();
        *(nint*)action = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "getppid");
        return SetAction(Signal, action, null) == 0
            ? true
            : throw new KernelCallException("sigaction", Marshal.GetLastPInvokeError(), $"signal {Signal}");
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    private static partial int SetAction(int signal, void* action, void* previous);
}
