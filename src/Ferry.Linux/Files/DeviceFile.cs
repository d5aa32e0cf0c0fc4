using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Files;

/// <summary>Opens the files in /dev that stand for kernel interfaces, and says in words why one can't be opened. Source: open(2).</summary>
internal static partial class DeviceFile
{
    private const string UsualPermission = "run as root, or let an udev rule give it to a group that this user is in";
    private const int ReadWrite = 2;
    private const int CloseOnExec = 0x80000;
    private const int Eperm = 1;
    private const int Enoent = 2;
    private const int Enxio = 6;
    private const int Eacces = 13;
    private const int Ebusy = 16;
    private const int Enodev = 19;

    /// <summary>Opens <paramref name="path"/> for reading and writing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">What makes the file appear where it is missing.</param>
    /// <param name="handle">The open file, or null.</param>
    /// <param name="reason">Where it can't be opened, why and what would help.</param>
    public static bool TryOpen(string path, string remedy, out SafeFileHandle? handle, out string? reason) => TryOpen(path, remedy, out handle, out reason, out _);

    /// <summary>Opens <paramref name="path"/> for reading and writing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="remedy">What makes the file appear where it is missing.</param>
    /// <param name="handle">The open file, or null.</param>
    /// <param name="reason">Where it can't be opened, why and what would help.</param>
    /// <param name="errno">The same as the kernel's error number; 0 where it was opened.</param>
    /// <param name="permission">Who may open it, in words; null for the usual.</param>
    public static bool TryOpen(string path, string remedy, out SafeFileHandle? handle, out string? reason, out int errno, string? permission = null)
    {
        (handle, reason, errno) = (null, null, 0);
        var descriptor = Open(path, ReadWrite | CloseOnExec);
        if (descriptor >= 0)
        {
            handle = new SafeFileHandle(descriptor, ownsHandle: true);
            return true;
        }

        errno = Marshal.GetLastPInvokeError();
        reason = Explain(path, remedy, errno, permission);
        return false;
    }

    /// <summary>What an error of opening means, and what would help.</summary>
    internal static string Explain(string path, string remedy, int errno, string? permission = null) => errno switch
    {
        Enoent or Enxio or Enodev => $"{path} is not there: {remedy}.",
        Eacces or Eperm => $"{path} may not be opened: {permission ?? UsualPermission}.",
        Ebusy => $"{path} is in use: another process has it, and only one at a time may.",
        _ => $"{path} can't be opened: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno}).",
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
