using System.Runtime.InteropServices;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Userfault;

/// <summary>Tells which pages of a process's mappings were written: asynchronous write protection, read and renewed by scans.</summary>
/// <remarks>A write by that process through a tracked mapping, from any thread or by a system call on its behalf, is seen; a write of
/// another process through its own mapping is not. One thread at a time. Source: the kernel's documents on userfaultfd and pagemap; Linux 6.7.</remarks>
public sealed unsafe class WriteTracking : IWriteTracking
{
    private const int RegionsPerScan = 1024;
    internal const string TooOld = "userfaultfd has no asynchronous write protection of shared memory: Linux 6.7 or later is needed.";
    private const int Eperm = 1;
    private const int Eacces = 13;
    private const int Einval = 22;
    private readonly SafeFileHandle _userfault;
    private readonly SafeFileHandle _pagemap;
    private readonly PageRegion* _regions;

    /// <summary>Begins to use descriptors of this process or another, which are the object's then.</summary>
    /// <exception cref="KernelCallException">The kernel has no asynchronous write protection, or they are used already.</exception>
    internal WriteTracking(SafeFileHandle userfault, SafeFileHandle pagemap)
    {
        var api = stackalloc ulong[3];
        api[0] = UserfaultCalls.ApiVersion;
        api[1] = UserfaultCalls.FeatureWriteProtect | UserfaultCalls.FeatureWriteProtectShmem
            | UserfaultCalls.FeatureWriteProtectUnpopulated | UserfaultCalls.FeatureWriteProtectAsync;
        if (UserfaultCalls.Ioctl(userfault, UserfaultCalls.Api, api) != 0)
        {
            throw new KernelCallException("ioctl(UFFDIO_API)", Marshal.GetLastPInvokeError(), "asynchronous write protection of shared memory");
        }

        (_userfault, _pagemap) = (userfault, pagemap);
        _regions = (PageRegion*)NativeMemory.Alloc(RegionsPerScan, (nuint)sizeof(PageRegion));
    }

    /// <summary>Opens it, or says why this kernel or user can't.</summary>
    public static bool TryOpen(out WriteTracking? tracking, out string? reason)
    {
        (tracking, reason) = (null, null);
        PageTableDescriptors descriptors;
        try
        {
            descriptors = PageTableDescriptors.OpenOwn();
        }
        catch (KernelCallException e)
        {
            reason = Explain(e.Errno);
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = $"/proc/self/pagemap can't be opened: {e.Message}";
            return false;
        }

        try
        {
            tracking = new(descriptors.Userfault, descriptors.Pagemap);
            return true;
        }
        catch (KernelCallException)
        {
            descriptors.Dispose();
            reason = TooOld;
            return false;
        }
    }

    /// <summary>What a userfaultfd that can't be had means, and what would help.</summary>
    internal static string Explain(int errno) =>
        $"userfaultfd: {Marshal.GetPInvokeErrorMessage(errno)}: {(errno is Eperm or Eacces ? "what started this process forbids the call, as seccomp filters of container runtimes do; allow it there" : "the kernel needs CONFIG_USERFAULTFD")}.";

    /// <inheritdoc/>
    public void Start(Hva start, ulong lengthBytes)
    {
        var register = stackalloc ulong[4] { start.Value, lengthBytes, UserfaultCalls.RegisterWriteProtect, 0 };
        Call(UserfaultCalls.Register, register, "UFFDIO_REGISTER", start, lengthBytes);
        var protect = stackalloc ulong[3] { start.Value, lengthBytes, UserfaultCalls.ModeWriteProtect };
        try
        {
            Call(UserfaultCalls.WriteProtect, protect, "UFFDIO_WRITEPROTECT", start, lengthBytes);
        }
        catch (KernelCallException)
        {
            // Its own failure would hide the one that matters.
            _ = UserfaultCalls.Ioctl(_userfault, UserfaultCalls.Unregister, register);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Stop(Hva start, ulong lengthBytes)
    {
        var range = stackalloc ulong[2] { start.Value, lengthBytes };
        Call(UserfaultCalls.Unregister, range, "UFFDIO_UNREGISTER", start, lengthBytes);
    }

    /// <inheritdoc/>
    public ReadOnlySpan<PageRegion> TakeWritten(ref Hva start, Hva end)
    {
        var argument = new PagemapScanArgument
        {
            Size = (ulong)sizeof(PagemapScanArgument),
            Flags = UserfaultCalls.ScanWriteProtect | UserfaultCalls.ScanCheckAsync,
            Start = start.Value,
            End = end.Value,
            Vec = (ulong)_regions,
            VecLen = RegionsPerScan,
            CategoryMask = UserfaultCalls.PageIsWritten,
            ReturnMask = UserfaultCalls.PageIsWritten,
        };
        var found = UserfaultCalls.Ioctl(_pagemap, UserfaultCalls.PagemapScan, &argument);
        if (found < 0)
        {
            throw new KernelCallException("ioctl(PAGEMAP_SCAN)", Marshal.GetLastPInvokeError(), $"{start} to {end}");
        }

        // Of a huge page that is asked for in part, for instance, the kernel protects nothing, and says that it got nowhere.
        if (argument.WalkEnd <= start.Value && start.Value < end.Value)
        {
            throw new KernelCallException("ioctl(PAGEMAP_SCAN)", Einval, $"no progress from {start} to {end}");
        }

        start = new((nuint)argument.WalkEnd);
        return new(_regions, found);
    }

    /// <summary>Ends all tracking.</summary>
    public void Dispose()
    {
        if (!_userfault.IsClosed)
        {
            NativeMemory.Free(_regions);
        }

        _userfault.Dispose();
        _pagemap.Dispose();
    }

    private void Call(uint request, void* argument, string name, Hva start, ulong lengthBytes)
    {
        if (UserfaultCalls.Ioctl(_userfault, request, argument) != 0)
        {
            throw new KernelCallException($"ioctl({name})", Marshal.GetLastPInvokeError(), $"{lengthBytes} bytes at {start}");
        }
    }
}
