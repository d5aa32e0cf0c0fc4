using System.Runtime.InteropServices;

namespace Ferry.Linux.Memory;

/// <summary>How much memory this process may pin. Source: getrlimit(2), RLIMIT_MEMLOCK.</summary>
public static unsafe partial class LockedMemory
{
    internal const int ResourceMemlock = 8;

    /// <summary>The limit in bytes; null where there is none.</summary>
    public static ulong? LimitBytes
    {
        get
        {
            // struct rlimit: the limit that holds and the one that it can be raised to, both 64 bits here.
            var limits = stackalloc ulong[2];
            return GetLimit(ResourceMemlock, limits) == 0 && limits[0] != ulong.MaxValue ? limits[0] : null;
        }
    }

    /// <summary>What a kernel that found no memory to pin was short of, and how to give it more.</summary>
    public static string Describe() => LimitBytes is { } limit ? Describe(limit) : "the host has too little memory that can be pinned";

    /// <summary>What a limit is, and how to raise it.</summary>
    public static string Describe(ulong limitBytes) =>
        $"this process may lock {limitBytes >> 10} KiB: raise that (ulimit -l, or LimitMEMLOCK= in a unit), or give it CAP_IPC_LOCK";

    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int GetLimit(int resource, ulong* limits);
}
