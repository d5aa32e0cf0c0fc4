using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Linux.Iommufd;

/// <summary>A page table of an IOMMU, which may tell what devices wrote. Source: linux/iommufd.h, struct iommu_hwpt_alloc.</summary>
public sealed unsafe class Hwpt : IDisposable
{
    internal const uint AllocDirtyTracking = 2;
    internal const uint Enable = 1;
    internal const uint NoClear = 1;
    private readonly Iommufd _iommufd;
    private bool _disposed;

    internal Hwpt(Iommufd iommufd, uint id, Ioas ioas, bool canTrack) => (_iommufd, Id, Ioas, CanTrack) = (iommufd, id, ioas, canTrack);

    /// <summary>Its number in the iommufd.</summary>
    public uint Id { get; }

    /// <summary>Whose mappings it has.</summary>
    public Ioas Ioas { get; }

    /// <summary>Whether it was made for dirty tracking.</summary>
    public bool CanTrack { get; }

    /// <summary>Starts or stops dirty tracking; a start forgets what was written before.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because the page table was not made for it.</exception>
    public void SetDirtyTracking(bool enabled)
    {
        var argument = new IommuSetDirtyTracking { Size = (uint)sizeof(IommuSetDirtyTracking), Flags = enabled ? Enable : 0, HwptId = Id };
        VfioCalls.Call(_iommufd.Handle, IommufdCalls.SetDirtyTracking, ref argument, $"page table {Id}");
    }

    /// <summary>Sets in <paramref name="words"/> the pages that devices wrote, and forgets them where <paramref name="clear"/> says so. Never clears a bit.</summary>
    /// <remarks>The kernel reports success where tracking is off, and stops without a word at the first address that is not mapped. Of a larger
    /// page of the IOMMU that lies in the range only in part, it forgets all of it and may set bits beyond the range. The caller asks for nothing of
    /// the kind: each call within one of <see cref="Ioas.Mappings"/>, from and to where a larger page can't reach across. Allocates nothing
    /// where it succeeds. Source: drivers/iommu/iommufd/io_pagetable.c, iova_bitmap.c.</remarks>
    /// <param name="range">Mapped; made of whole pages of <paramref name="pageSize"/>.</param>
    /// <param name="pageSize">The size that one bit stands for.</param>
    /// <param name="words">One bit a page from the range's first.</param>
    /// <param name="clear">Whether to forget what is reported.</param>
    /// <exception cref="ArgumentException">There are fewer words than the pages need, or the range is not made of whole pages.</exception>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void GetDirtyBitmap(IovaRange range, PageSize pageSize, Span<ulong> words, bool clear)
    {
        if (!range.IsAligned(pageSize) || range.LengthBytes >> pageSize.Shift > (ulong)words.Length * 64)
        {
            throw new ArgumentException($"{words.Length} words can't hold the pages of {pageSize} of {range}, or it is not made of whole ones.", nameof(range));
        }

        fixed (ulong* pointer = words)
        {
            var argument = new IommuGetDirtyBitmap
            {
                Size = (uint)sizeof(IommuGetDirtyBitmap),
                HwptId = Id,
                Flags = clear ? 0 : NoClear,
                Iova = range.Start.Value,
                Length = range.LengthBytes,
                PageSize = pageSize.Bytes,
                Data = (ulong)pointer,
            };
            if (VfioCalls.Ioctl(_iommufd.Handle, IommufdCalls.GetDirtyBitmap.Number, (nint)(&argument)) < 0)
            {
                throw VfioCalls.Failure(IommufdCalls.GetDirtyBitmap, $"page table {Id}, {range}");
            }
        }
    }

    /// <summary>Destroys it, unless devices still use it.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _iommufd.Destroy(Id);
        }
    }
}
