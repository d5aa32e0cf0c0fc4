using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Userfault;

/// <summary>The descriptors by which the page table of the process that opened them can be watched, also by another that it gave them to.</summary>
/// <remarks>Both stand for the memory of the process that opened them, whoever uses them: nobody needs permission to trace it, and no
/// process id can come to mean another process. When the last copy of <see cref="Userfault"/> is closed nothing is watched any more.
/// Source: userfaultfd(2); the kernel's pagemap document; tried on Linux 6.18.</remarks>
public sealed class PageTableDescriptors : IDisposable
{
    private const string UserfaultLink = "anon_inode:[userfaultfd]";
    private const int Einval = 22;

    /// <summary>Takes over descriptors that arrived from the process that opened them.</summary>
    public PageTableDescriptors(SafeFileHandle userfault, SafeFileHandle pagemap) => (Userfault, Pagemap) = (userfault, pagemap);

    /// <summary>The userfaultfd, to protect memory by.</summary>
    public SafeFileHandle Userfault { get; }

    /// <summary>The pagemap, to scan it by.</summary>
    public SafeFileHandle Pagemap { get; }

    /// <summary>Opens those of this process; nothing is watched yet.</summary>
    /// <exception cref="KernelCallException">The kernel has no userfaultfd, or this user may not use it so.</exception>
    /// <exception cref="IOException">The pagemap can't be opened.</exception>
    public static PageTableDescriptors OpenOwn()
    {
        // For user mode only, which needs no privilege: asynchronous protection lets the kernel's own writes through too, and sees them.
        var descriptor = UserfaultCalls.SystemCall(UserfaultCalls.UserfaultNumber, UserfaultCalls.CloseOnExec | UserfaultCalls.UserModeOnly);
        if (descriptor < 0)
        {
            throw new KernelCallException("userfaultfd", Marshal.GetLastPInvokeError(), "user mode only");
        }

        var userfault = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            return new(userfault, File.OpenHandle("/proc/self/pagemap", FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        }
        catch
        {
            userfault.Dispose();
            throw;
        }
    }

    /// <summary>Begins to watch; the descriptors are the result's from now on, also where this throws.</summary>
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

    /// <summary>Closes them.</summary>
    public void Dispose()
    {
        Userfault.Dispose();
        Pagemap.Dispose();
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
