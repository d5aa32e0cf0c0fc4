using System.Globalization;
using Ferry.Memory;

namespace Ferry.Linux.Memory;

/// <summary>What this host has of huge pages. Source: the kernel's document on hugetlbfs, /sys/kernel/mm/hugepages.</summary>
internal static class HugePages
{
    private const string Folder = "/sys/kernel/mm/hugepages";

    /// <summary>How many are free and not promised to anyone; null where the kernel has none of that size.</summary>
    public static ulong? CountFree(PageSize size) =>
        Read(size, "free_hugepages") is { } free && Read(size, "resv_hugepages") is { } promised ? free - Math.Min(free, promised) : null;

    /// <summary>What is needed, what there is, and how to get more, in words.</summary>
    public static string Describe(PageSize size, ulong lengthBytes)
    {
        var needed = lengthBytes / size.Bytes;
        return CountFree(size) is { } free
            ? $"{needed} huge pages of {size} are needed and {free} are free; {FileOf(size, "nr_hugepages")} holds how many there are, and takes a larger number"
            : $"{needed} huge pages of {size} are needed, a size that this kernel does not have ({Folder} names those that it has)";
    }

    private static string FileOf(PageSize size, string name) => $"{Folder}/hugepages-{size.Bytes >> 10}kB/{name}";

    private static ulong? Read(PageSize size, string name)
    {
        try
        {
            return ulong.Parse(File.ReadAllText(FileOf(size, name)).AsSpan().Trim(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
