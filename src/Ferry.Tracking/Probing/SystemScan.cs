using Ferry.Linux.Memory;
using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>Kernel, processor and memory. Source: proc(5); the kernel's documents on hugetlbfs and transparent huge pages.</summary>
internal static class SystemScan
{
    private const string HugePages = "/sys/kernel/mm/hugepages";

    /// <summary>linux/capability.h: CAP_IPC_LOCK.</summary>
    private const int IpcLock = 14;

    private static readonly PageSize Size1G = new(1 << 30);

    /// <summary>The kernel.</summary>
    public static KernelFinding ReadKernel(IHostFiles files)
    {
        var release = files.Read("/proc/sys/kernel/osrelease");
        return new(release, SystemText.ParseRelease(release), SystemText.ParseBootOptions(files.Read("/proc/cmdline")));
    }

    /// <summary>The processor: the first, as all are alike.</summary>
    public static ProcessorFinding ReadProcessor(IHostFiles files)
    {
        var text = files.Read("/proc/cpuinfo");
        string[] flags = SystemText.FieldOf(text, "flags")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        // Page tables of 64-bit processors always have pages of 2 MiB.
        List<PageSize> sizes = flags.Contains("lm") ? [PageSize.Size4K, PageSize.Size2M] : [PageSize.Size4K];
        if (flags.Contains("pdpe1gb"))
        {
            sizes.Add(Size1G);
        }

        return new(SystemText.FieldOf(text, "model name"), flags.Contains("vmx") ? "vmx" : flags.Contains("svm") ? "svm" : null, sizes);
    }

    /// <summary>Memory, and what may be pinned.</summary>
    public static MemoryFinding ReadMemory(IHostFiles files, IProbeCalls calls, ProcessorFinding processor)
    {
        var total = SystemText.ParseKilobytes(SystemText.FieldOf(files.Read("/proc/meminfo"), "MemTotal"));
        var capabilities = SystemText.ParseHex(SystemText.FieldOf(files.Read("/proc/self/status"), "CapEff")) ?? 0;
        var ignores = (capabilities >> IpcLock & 1) != 0;
        var limit = calls.LockLimitBytes;
        var problem = !ignores && limit is { } bytes && !(bytes >= total) ? $"memory that kernel devices use is pinned, and {LockedMemory.Describe(bytes)}" : null;
        return new(
            total, limit, ignores, problem, ReadHugePages(files, processor), SystemText.ParseChosen(files.Read("/sys/kernel/mm/transparent_hugepage/shmem_enabled")));
    }

    private static List<HugePageFinding> ReadHugePages(IHostFiles files, ProcessorFinding processor)
    {
        var found = new List<HugePageFinding>();
        foreach (var name in files.List(HugePages))
        {
            if (SystemText.ParseHugePageFolder(name) is { } bytes)
            {
                var total = SystemText.ParseNumber(files.Read($"{HugePages}/{name}/nr_hugepages"));
                var free = SystemText.ParseNumber(files.Read($"{HugePages}/{name}/free_hugepages"));
                var promised = SystemText.ParseNumber(files.Read($"{HugePages}/{name}/resv_hugepages")) ?? 0;
                free -= Math.Min(free ?? 0, promised);
                found.Add(new(new(bytes), total, free, Explain(name, total, free)));
            }
        }

        // A size that a machine's file may ask for because the processor has it.
        found.AddRange(processor.PageSizes.Where(size => size > PageSize.Size4K && found.TrueForAll(each => each.Size != size)).Select(size => new HugePageFinding(
            size, null, null, $"the processor has pages of {size} and this kernel has no huge pages of that size: {(size == Size1G ? "boot with hugepagesz=1G hugepages=N, in a kernel" : "use a kernel")} with CONFIG_HUGETLBFS")));
        return [.. found.OrderBy(each => each.Size)];
    }

    private static string? Explain(string name, ulong? total, ulong? free) => (total, free) switch
    {
        (null, _) or (_, null) => $"{HugePages}/{name} doesn't tell how many there are",
        (0, _) => $"none are set aside: {HugePages}/{name}/nr_hugepages takes how many there are to be",
        (_, 0) => $"all {total} are used or promised: {HugePages}/{name}/nr_hugepages takes a larger number",
        _ => null,
    };
}
