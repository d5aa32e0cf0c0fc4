using Ferry.Linux.Files;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Vfio;

/// <summary>A type1 container: one address space for the devices of the groups in it, and its dirty tracking. Source: linux/vfio.h.</summary>
/// <remarks>Mappings are changed by one thread at a time. Closing it unmaps everything.</remarks>
public sealed unsafe class VfioContainer : IDisposable
{
    private const string Path = "/dev/vfio/vfio";
    private const string CompatiblePath = "/dev/iommu";
    private const int ApiVersion = 0;
    internal const int Type1V2 = 3;
    internal const uint UnmapGetDirty = 1;
    internal const uint DirtyStart = 1;
    internal const uint DirtyStop = 2;
    internal const uint DirtyGet = 4;
    private readonly DmaMappings _mappings = new();

    private VfioContainer(SafeFileHandle handle) => Handle = handle;

    /// <summary>What is mapped, each range as it was mapped, sorted; a new list after each change.</summary>
    public IReadOnlyList<IovaRange> Mappings => _mappings.Ranges;

    internal SafeFileHandle Handle { get; }

    /// <summary>Opens a container without groups, or says why there can be none here.</summary>
    /// <param name="container">The container, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    public static bool TryOpen(out VfioContainer? container, out string? reason) => TryOpen(out container, out reason, compatible: false);

    /// <summary>Opens a container without groups, or says why there can be none here.</summary>
    /// <param name="container">The container, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="compatible">Whether iommufd plays the container (its VFIO compatibility), which has no dirty tracking.</param>
    public static bool TryOpen(out VfioContainer? container, out string? reason, bool compatible) => TryOpen(compatible, out container, out reason, out _);

    /// <summary>Opens a container without groups, or says why there can be none here.</summary>
    /// <param name="container">The container, or null.</param>
    /// <param name="reason">Where null is returned, why and what would help.</param>
    /// <param name="errno">Where null is returned, the error that the kernel refused the file with; 0 where it opened the file, which then was of no use.</param>
    public static bool TryOpen(out VfioContainer? container, out string? reason, out int errno) => TryOpen(compatible: false, out container, out reason, out errno);

    private static bool TryOpen(bool compatible, out VfioContainer? container, out string? reason, out int errno)
    {
        container = null;
        var path = compatible ? CompatiblePath : Path;
        if (!DeviceFile.TryOpen(path, RemedyOf(compatible ? "iommufd" : "vfio_iommu_type1"), out var handle, out reason, out errno))
        {
            return false;
        }

        var version = VfioCalls.Ioctl(handle!, VfioCalls.GetApiVersion.Number, 0);
        if (version == ApiVersion && VfioCalls.Ioctl(handle!, VfioCalls.CheckExtension.Number, Type1V2) > 0)
        {
            container = new(handle!);
            return true;
        }

        handle!.Dispose();
        reason = version == ApiVersion
            ? $"{path} has no type1 IOMMU: load the module vfio_iommu_type1."
            : $"{path} speaks API version {version}; {ApiVersion} is needed.";
        return false;
    }

    internal static string RemedyOf(string module) => $"load the module {module}, and enable the IOMMU in the firmware and on the kernel's command line";

    /// <summary>Makes it a type1 container (version 2), once the first group is in it.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because there is no group in it.</exception>
    public void UseType1() => VfioCalls.Call(Handle, VfioCalls.SetIommu, Type1V2, "type1 version 2");

    /// <summary>Asks what it can do.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public VfioContainerInfo GetInfo() =>
        VfioContainerInfo.Parse(VfioCalls.GetInfo(Handle, VfioCalls.IommuGetInfo, default(VfioType1InfoHead), "container"));

    /// <summary>Lets devices access memory of this process, which is pinned until it is unmapped.</summary>
    /// <param name="range">Where devices see it; page aligned.</param>
    /// <param name="memory">Where this process sees it; page aligned.</param>
    /// <param name="access">What devices may do.</param>
    /// <exception cref="KernelCallException">The kernel refused; the message says what it was short of. Nothing is mapped.</exception>
    public void Map(IovaRange range, Hva memory, MapAccess access)
    {
        var map = new VfioDmaMap { Argsz = (uint)sizeof(VfioDmaMap), Flags = (uint)access, Vaddr = memory.Value, Iova = range.Start.Value, Size = range.LengthBytes };
        try
        {
            VfioCalls.Call(Handle, VfioCalls.MapDma, ref map, range.ToString());
        }
        catch (KernelCallException e)
        {
            throw new KernelCallException(e.Call, e.Errno, $"{range}{DmaMappings.Describe(e.Errno)}");
        }

        _mappings.Add(range);
    }

    /// <summary>Unmaps every mapping within <paramref name="range"/>.</summary>
    /// <returns>How many bytes were mapped there.</returns>
    /// <exception cref="KernelCallException">The kernel refused, for instance because a part of a mapping would stay.</exception>
    public ulong Unmap(IovaRange range)
    {
        var unmap = new UnmapArgument { Unmap = new() { Argsz = (uint)sizeof(VfioDmaUnmap), Iova = range.Start.Value, Size = range.LengthBytes } };
        VfioCalls.Call(Handle, VfioCalls.UnmapDma, ref unmap, range.ToString());
        _mappings.Remove(range);
        return unmap.Unmap.Size;
    }

    /// <summary>Unmaps every mapping within <paramref name="range"/> while dirty tracking is on, and says which pages of them were dirty.</summary>
    /// <remarks>The kernel overwrites whole words with what it knows of each mapping: the words must be zero before.</remarks>
    /// <param name="range">What to unmap.</param>
    /// <param name="pageSize">The smallest page size of <see cref="VfioContainerInfo.DirtyPageSizes"/>.</param>
    /// <param name="words">One bit a page from the range's first.</param>
    /// <returns>How many bytes were mapped there.</returns>
    /// <exception cref="ArgumentException">There are fewer words than the pages need.</exception>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public ulong UnmapWithDirty(IovaRange range, PageSize pageSize, Span<ulong> words)
    {
        CheckWords(range, pageSize, words.Length);
        fixed (ulong* pointer = words)
        {
            var unmap = new UnmapArgument
            {
                Unmap = new() { Argsz = (uint)sizeof(UnmapArgument), Flags = UnmapGetDirty, Iova = range.Start.Value, Size = range.LengthBytes },
                Bitmap = BitmapOf(range, pageSize, pointer),
            };
            VfioCalls.Call(Handle, VfioCalls.UnmapDma, ref unmap, range.ToString());
            _mappings.Remove(range);
            return unmap.Unmap.Size;
        }
    }

    /// <summary>Starts dirty tracking; where it is started, nothing happens.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it has no memory for the bitmaps.</exception>
    public void StartDirtyTracking() => SetDirtyTracking(DirtyStart, "start");

    /// <summary>Stops dirty tracking; where it is stopped, nothing happens.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void StopDirtyTracking() => SetDirtyTracking(DirtyStop, "stop");

    /// <summary>Reads and forgets which pages of the mappings within <paramref name="range"/> are dirty. Allocates nothing where it succeeds.</summary>
    /// <remarks>The kernel overwrites the words of each mapping, and neighbours in its first and last word: the words must be zero before.
    /// Pinned pages stay dirty. Behind an IOMMU whose devices don't pin, every mapped page is dirty.</remarks>
    /// <param name="range">Made of whole mappings.</param>
    /// <param name="pageSize">The smallest page size of <see cref="VfioContainerInfo.DirtyPageSizes"/>.</param>
    /// <param name="words">One bit a page from the range's first.</param>
    /// <exception cref="ArgumentException">There are fewer words than the pages need.</exception>
    /// <exception cref="KernelCallException">The kernel refused, for instance because the range parts a mapping or tracking is off.</exception>
    public void GetDirtyBitmap(IovaRange range, PageSize pageSize, Span<ulong> words)
    {
        CheckWords(range, pageSize, words.Length);
        fixed (ulong* pointer = words)
        {
            var argument = new DirtyArgument
            {
                Dirty = new() { Argsz = (uint)sizeof(DirtyArgument), Flags = DirtyGet },
                Get = new() { Iova = range.Start.Value, Size = range.LengthBytes, Bitmap = BitmapOf(range, pageSize, pointer) },
            };
            if (VfioCalls.Ioctl(Handle, VfioCalls.DirtyPages.Number, (nint)(&argument)) < 0)
            {
                throw VfioCalls.Failure(VfioCalls.DirtyPages, range.ToString());
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();

    private static void CheckWords(IovaRange range, PageSize pageSize, int words)
    {
        if (!range.IsAligned(pageSize) || range.LengthBytes >> pageSize.Shift > (ulong)words * 64)
        {
            throw new ArgumentException($"{words} words can't hold the pages of {pageSize} of {range}, or it is not made of whole ones.", nameof(range));
        }
    }

    private static VfioBitmap BitmapOf(IovaRange range, PageSize pageSize, ulong* words) =>
        new() { Pgsize = pageSize.Bytes, Size = ((range.LengthBytes >> pageSize.Shift) + 63) / 64 * sizeof(ulong), Data = (nint)words };

    private void SetDirtyTracking(uint flag, string subject)
    {
        var dirty = new VfioDirtyPages { Argsz = (uint)sizeof(VfioDirtyPages), Flags = flag };
        VfioCalls.Call(Handle, VfioCalls.DirtyPages, ref dirty, subject);
    }

    private struct UnmapArgument
    {
        internal VfioDmaUnmap Unmap;
        internal VfioBitmap Bitmap;
    }

    private struct DirtyArgument
    {
        internal VfioDirtyPages Dirty;
        internal VfioDirtyPagesGet Get;
    }
}
