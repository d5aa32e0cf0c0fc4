using System.Runtime.InteropServices;
using Ferry.Linux.Files;

namespace Ferry.Linux.Userfault;

/// <summary>What this kernel and this user can do by userfaultfd. Source: userfaultfd(2), ioctl_userfaultfd(2).</summary>
/// <param name="Features">The bits of UFFDIO_API that the kernel has.</param>
/// <param name="ByCall">Whether the call gives this user one that holds the kernel's own writes back too: with CAP_SYS_PTRACE or where vm.unprivileged_userfaultfd is set.</param>
/// <param name="ByFile">Whether /dev/userfaultfd does.</param>
/// <param name="FileProblem">Why that file can't be opened, and what would help; null where it can.</param>
/// <param name="FileErrno">The same as the kernel's error number.</param>
public sealed unsafe record UserfaultAbilities(ulong Features, bool ByCall, bool ByFile, string? FileProblem, int FileErrno)
{
    /// <summary>What a process needs so that the kernel's writes on its behalf wait like its own.</summary>
    public const string HoldingNeeds = "CAP_SYS_PTRACE, /dev/userfaultfd or vm.unprivileged_userfaultfd";

    /// <summary>What is said of a userfaultfd that lacks that.</summary>
    public const string UserModeOnly = "for user mode only, so that system calls that write would fail";

    /// <summary>What is said where shared memory can't be write-protected.</summary>
    public const string CannotProtectShared = "userfaultfd has no write protection of shared memory: Linux 5.19 or later is needed.";

    internal const string FilePath = "/dev/userfaultfd";
    internal const string FileRemedy = "a kernel with CONFIG_USERFAULTFD makes it (Linux 6.1)";

    /// <summary>Whether the kernel's writes can be held back by one way or another.</summary>
    public bool HoldsKernel => ByCall || ByFile;

    /// <summary>Whether shared memory can be write-protected (Linux 5.19).</summary>
    public bool WriteProtectsShared => Has(UserfaultCalls.FeatureWriteProtect | UserfaultCalls.FeatureWriteProtectShmem);

    /// <summary>Whether a protected page that is written need not wait for anybody (Linux 6.7).</summary>
    public bool WriteProtectsAsynchronously => Has(UserfaultCalls.FeatureWriteProtectUnpopulated | UserfaultCalls.FeatureWriteProtectAsync);

    /// <summary>Asks the kernel; nothing is watched and nothing stays open.</summary>
    /// <param name="abilities">What it can, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">The same as the kernel's error number.</param>
    public static bool TryRead(out UserfaultAbilities? abilities, out string? reason, out int errno)
    {
        (abilities, reason, errno) = (null, null, 0);
        using var whole = PageTableDescriptors.OpenUserfault(0);
        using var own = whole is null ? PageTableDescriptors.OpenUserfault(UserfaultCalls.UserModeOnly) : null;
        if ((whole ?? own) is not { } userfault)
        {
            errno = Marshal.GetLastPInvokeError();
            reason = WriteTracking.Explain(errno);
            return false;
        }

        var api = stackalloc ulong[3];
        api[0] = UserfaultCalls.ApiVersion;
        if (UserfaultCalls.Ioctl(userfault, UserfaultCalls.Api, api) != 0)
        {
            errno = Marshal.GetLastPInvokeError();
            reason = WriteTracking.Explain(errno);
            return false;
        }

        var opened = DeviceFile.TryOpen(FilePath, FileRemedy, out var file, out var problem, out var fileErrno);
        using (file)
        {
            using var made = opened ? PageTableDescriptors.OpenUserfault(file!) : null;
            abilities = new(api[1], whole is not null, made is not null, problem, fileErrno);
        }

        return true;
    }

    private bool Has(ulong features) => (Features & features) == features;
}
