using System.Runtime.InteropServices;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Iommufd;

/// <summary>An address space of devices: which IOVA is which memory. Source: linux/iommufd.h, struct iommu_ioas_alloc.</summary>
/// <remarks>Mappings are changed by one thread at a time.</remarks>
public sealed unsafe class Ioas : IDisposable
{
    internal const uint FixedIova = 1;
    internal const uint Writable = 2;
    internal const uint Readable = 4;
    internal const uint HugePagesOption = 1;
    private const int MaxRanges = 1 << 16;
    private readonly Iommufd _iommufd;
    private readonly DmaMappings _mappings = new();
    private bool _disposed;

    internal Ioas(Iommufd iommufd, uint id) => (_iommufd, Id) = (iommufd, id);

    /// <summary>Its number in the iommufd.</summary>
    public uint Id { get; }

    /// <summary>What is mapped, each range as it was mapped, sorted; a new list after each change.</summary>
    public IReadOnlyList<IovaRange> Mappings => _mappings.Ranges;

    /// <summary>Lets devices access memory of this process, which is pinned until it is unmapped.</summary>
    /// <param name="range">Where devices see it; page aligned.</param>
    /// <param name="memory">Where this process sees it; page aligned.</param>
    /// <param name="access">What devices may do.</param>
    /// <exception cref="KernelCallException">The kernel refused; the message says what it was short of. Nothing is mapped.</exception>
    public void Map(IovaRange range, Hva memory, MapAccess access)
    {
        var map = new IommuIoasMap
        {
            Size = (uint)sizeof(IommuIoasMap),
            Flags = FlagsOf(access),
            IoasId = Id,
            UserVa = memory.Value,
            Length = range.LengthBytes,
            Iova = range.Start.Value,
        };
        if (VfioCalls.Ioctl(_iommufd.Handle, IommufdCalls.IoasMap.Number, (nint)(&map)) < 0)
        {
            throw Failure(IommufdCalls.IoasMap, range);
        }

        _mappings.Add(range);
    }

    /// <summary>Lets devices access a part of a memfd, which is pinned until it is unmapped; this process need not map it.</summary>
    /// <param name="range">Where devices see it; page aligned.</param>
    /// <param name="file">The memfd.</param>
    /// <param name="offsetBytes">Where the part begins in the file; page aligned.</param>
    /// <param name="access">What devices may do.</param>
    /// <returns>False where the kernel can't map files, which Linux before 6.13 can't: map the memory itself there.</returns>
    /// <exception cref="KernelCallException">The kernel refused; the message says what it was short of. Nothing is mapped.</exception>
    public bool TryMapFile(IovaRange range, SafeFileHandle file, ulong offsetBytes, MapAccess access)
    {
        ArgumentNullException.ThrowIfNull(file);
        var map = new IommuIoasMapFile
        {
            Size = (uint)sizeof(IommuIoasMapFile),
            Flags = FlagsOf(access),
            IoasId = Id,
            Fd = (int)file.DangerousGetHandle(),
            Start = offsetBytes,
            Length = range.LengthBytes,
            Iova = range.Start.Value,
        };
        if (VfioCalls.Ioctl(_iommufd.Handle, IommufdCalls.IoasMapFile.Number, (nint)(&map)) < 0)
        {
            return Marshal.GetLastPInvokeError() == VfioErrno.NotATerminal ? false : throw Failure(IommufdCalls.IoasMapFile, range);
        }

        GC.KeepAlive(file);
        _mappings.Add(range);
        return true;
    }

    /// <summary>Unmaps every mapping within <paramref name="range"/>.</summary>
    /// <returns>How many bytes were mapped there.</returns>
    /// <exception cref="KernelCallException">The kernel refused, for instance (ENOENT) because a part of a mapping would stay or nothing is mapped.</exception>
    public ulong Unmap(IovaRange range)
    {
        var unmap = new IommuIoasUnmap { Size = (uint)sizeof(IommuIoasUnmap), IoasId = Id, Iova = range.Start.Value, Length = range.LengthBytes };
        if (_mappings.Splits(range))
        {
            // The kernel would unmap what lies before the mapping that it can't part, and then fail.
            throw new KernelCallException($"ioctl({IommufdCalls.IoasUnmap.Name})", VfioErrno.NoEntry, $"{range} parts a mapping");
        }

        VfioCalls.Call(_iommufd.Handle, IommufdCalls.IoasUnmap, ref unmap, range.ToString());
        _mappings.Remove(range);
        return unmap.Length;
    }

    /// <summary>Asks which addresses can be mapped; every device that is attached may narrow that.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public IReadOnlyList<IovaRange> GetRanges()
    {
        for (var count = 32; ;)
        {
            var items = new IommuIovaRange[count];
            fixed (IommuIovaRange* pointer = items)
            {
                var argument = new IommuIoasIovaRanges { Size = (uint)sizeof(IommuIoasIovaRanges), IoasId = Id, NumIovas = (uint)count, AllowedIovas = (ulong)pointer };
                if (VfioCalls.Ioctl(_iommufd.Handle, IommufdCalls.IoasIovaRanges.Number, (nint)(&argument)) >= 0)
                {
                    return [.. items.Take((int)argument.NumIovas).Select(RangeOf)];
                }

                var failure = VfioCalls.Failure(IommufdCalls.IoasIovaRanges, $"address space {Id}");
                count = failure.Errno == VfioErrno.MessageSize && argument.NumIovas > count && argument.NumIovas <= MaxRanges ? (int)argument.NumIovas : throw failure;
            }
        }
    }

    /// <summary>Whether mappings may use the IOMMU's larger pages, as they do until this is called. A tracked page table knows what was
    /// written by its own pages: without larger ones it is more precise, and walks take longer.</summary>
    /// <exception cref="KernelCallException">The kernel refused, for instance because something is mapped already.</exception>
    public void AllowLargerPages(bool allowed)
    {
        var option = new IommuOption { Size = (uint)sizeof(IommuOption), OptionId = HugePagesOption, ObjectId = Id, Val64 = allowed ? 1UL : 0 };
        VfioCalls.Call(_iommufd.Handle, IommufdCalls.Option, ref option, $"larger pages of address space {Id}");
    }

    /// <summary>Destroys it, unless devices or page tables still use it.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _iommufd.Destroy(Id);
        }
    }

    // All of the 64-bit space has no length that 64 bits can hold; the last byte is not worth an error.
    private static IovaRange RangeOf(IommuIovaRange range) =>
        new(new(range.Start), range.Last - range.Start == ulong.MaxValue ? ulong.MaxValue : range.Last - range.Start + 1);

    private static uint FlagsOf(MapAccess access) =>
        FixedIova | ((access & MapAccess.Write) != 0 ? Writable : 0) | ((access & MapAccess.Read) != 0 ? Readable : 0);

    private static KernelCallException Failure(VfioRequest request, IovaRange range)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new($"ioctl({request.Name})", errno, $"{range}{DmaMappings.Describe(errno)}");
    }
}
