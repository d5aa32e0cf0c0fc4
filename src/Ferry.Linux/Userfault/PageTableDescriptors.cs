using System.Runtime.InteropServices;
using Ferry.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Userfault;

/// <summary>The descriptors by which the page table of the process that opened them can be watched, also by another that it gave them to.</summary>
/// <remarks>Both stand for the memory of the process that opened them, whoever uses them: nobody needs permission to trace it, and no
/// process id can come to mean another process. When the last copy of <see cref="Userfault"/> is closed nothing is watched any more.
/// Source: userfaultfd(2); the kernel's pagemap document; tried on Linux 6.18.</remarks>
public sealed class PageTableDescriptors : IDisposable
{
    private const string UserfaultLink = "anon_inode:[userfaultfd]";
    private const int Eperm = 1;
    private const int Einval = 22;

    /// <summary>Takes over descriptors that arrived from the process that opened them.</summary>
    /// <param name="userfault">The userfaultfd.</param>
    /// <param name="pagemap">The pagemap.</param>
    /// <param name="holdsKernel">Whether the kernel's writes on behalf of the process can be held back too, as that process says.</param>
    public PageTableDescriptors(SafeFileHandle userfault, SafeFileHandle pagemap, bool holdsKernel) =>
        (Userfault, Pagemap, HoldsKernel) = (userfault, pagemap, holdsKernel);

    /// <summary>The userfaultfd, to protect memory by.</summary>
    public SafeFileHandle Userfault { get; }

    /// <summary>The pagemap, to scan it by.</summary>
    public SafeFileHandle Pagemap { get; }

    /// <summary>Whether the kernel's writes on behalf of the process can be held back too, which <see cref="WatchFaults"/> needs: a system call
    /// that writes would fail otherwise.</summary>
    public bool HoldsKernel { get; }

    /// <summary>Opens those of this process; nothing is watched yet. They hold the kernel where this user may have that: with CAP_SYS_PTRACE, by
    /// /dev/userfaultfd, or where vm.unprivileged_userfaultfd is set.</summary>
    /// <exception cref="KernelCallException">The kernel has no userfaultfd, or this user may not use it so.</exception>
    /// <exception cref="IOException">The pagemap can't be opened.</exception>
    public static PageTableDescriptors OpenOwn()
    {
        var holding = OpenHolding();
        // For user mode only needs no privilege, and does where protection is asynchronous: that lets the kernel's own writes through, and sees them.
        var userfault = holding ?? OpenUserfault(UserfaultCalls.UserModeOnly)
            ?? throw new KernelCallException("userfaultfd", Marshal.GetLastPInvokeError(), "user mode only");
        try
        {
            return new(userfault, File.OpenHandle("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite), holding is not null);
        }
        catch
        {
            userfault.Dispose();
            throw;
        }
    }

    /// <summary>Begins to watch by scans of the pagemap; the descriptors are the result's from now on, also where this throws.</summary>
    /// <exception cref="KernelCallException">They are no such descriptors, are used already, or the kernel lacks the feature (Linux 6.7).</exception>
    public IWriteTracking Watch()
    {
        try
        {
            // What a peer sent as one could be any file, and would be asked to do whatever the same number means there.
            Require(Userfault, link => link == UserfaultLink);
            Require(Pagemap, link => link.StartsWith("/proc/", StringComparison.Ordinal) && link.EndsWith("/pagemap", StringComparison.Ordinal));
            return new WriteTracking(Userfault, Pagemap);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Begins to watch by faults: the first write to a page after a report waits until this process has marked it. For memory of another
    /// process only. The descriptors are the result's from now on, also where this throws.</summary>
    /// <exception cref="KernelCallException">They are no such descriptors, don't hold the kernel, are used already, or the kernel lacks the
    /// feature (Linux 5.19).</exception>
    public IWriteTracking WatchFaults()
    {
        try
        {
            Require(Userfault, link => link == UserfaultLink);
            if (!HoldsKernel)
            {
                throw new KernelCallException("userfaultfd", Eperm, UserfaultAbilities.UserModeOnly);
            }

            Pagemap.Dispose();
            return new FaultTracking(Userfault);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Closes them.</summary>
    public void Dispose()
    {
        Userfault.Dispose();
        Pagemap.Dispose();
    }

    private static SafeFileHandle? OpenHolding()
    {
        if (OpenUserfault(0) is { } userfault)
        {
            return userfault;
        }

        if (!DeviceFile.TryOpen(UserfaultAbilities.FilePath, UserfaultAbilities.FileRemedy, out var device, out _))
        {
            return null;
        }

        using (device)
        {
            return OpenUserfault(device!);
        }
    }

    /// <summary>A userfaultfd by /dev/userfaultfd, or null.</summary>
    internal static SafeFileHandle? OpenUserfault(SafeFileHandle device)
    {
        var descriptor = UserfaultCalls.Ioctl(device, UserfaultCalls.New, UserfaultCalls.CloseOnExec | UserfaultCalls.NonBlocking);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>A userfaultfd by the call, or null.</summary>
    internal static SafeFileHandle? OpenUserfault(int flags)
    {
        var descriptor = UserfaultCalls.SystemCall(UserfaultCalls.UserfaultNumber, UserfaultCalls.CloseOnExec | UserfaultCalls.NonBlocking | flags);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    private static void Require(SafeFileHandle handle, Func<string, bool> isExpected)
    {
        var link = new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget ?? "";
        if (!isExpected(link))
        {
            throw new KernelCallException("readlink", Einval, $"'{link}' is not what it was sent as");
        }
    }
}
