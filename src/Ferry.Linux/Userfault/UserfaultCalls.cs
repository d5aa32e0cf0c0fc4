using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Userfault;

/// <summary>The calls for write tracking by the process's own page table. Source: linux/userfaultfd.h, linux/fs.h (PAGEMAP_SCAN).</summary>
internal static unsafe partial class UserfaultCalls
{
    internal const int UserfaultNumber = 323;
    internal const int CloseOnExec = 0x80000;
    internal const int NonBlocking = 0x800;
    internal const int UserModeOnly = 1;
    internal const ulong ApiVersion = 0xAA;
    internal const ulong FeatureWriteProtect = 1 << 0;
    internal const ulong FeatureWriteProtectShmem = 1 << 12;
    internal const ulong FeatureWriteProtectUnpopulated = 1 << 13;
    internal const ulong FeatureWriteProtectAsync = 1 << 15;
    internal const ulong RegisterWriteProtect = 2;
    internal const ulong ModeWriteProtect = 1;
    internal const ulong ScanWriteProtect = 1;
    internal const ulong ScanCheckAsync = 2;
    internal const ulong PageIsWritten = 2;
    internal const uint New = 0xAA00;
    internal const uint Api = 0xC018AA3F;
    internal const uint Register = 0xC020AA00;
    internal const uint Unregister = 0x8010AA01;
    internal const uint WriteProtect = 0xC018AA06;
    internal const uint PagemapScan = 0xC0606610;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial int SystemCall(nint number, nint flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle file, void* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle file, nuint request, nint argument);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Ioctl(SafeFileHandle file, nuint request, void* argument);
}
