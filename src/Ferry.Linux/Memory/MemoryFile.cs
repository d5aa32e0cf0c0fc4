using System.Runtime.InteropServices;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Memory;

/// <summary>Memory as a descriptor (memfd), of fixed size: it can be neither shrunk nor grown, nor sealed further by whoever it is passed to.
/// Source: memfd_create(2), F_ADD_SEALS in fcntl(2).</summary>
public sealed class MemoryFile : IDisposable
{
    private const int Enxio = 6;
    private readonly bool _hasHoles;

    private MemoryFile(SafeFileHandle handle, ulong lengthBytes, bool hasHoles) => (Handle, LengthBytes, _hasHoles) = (handle, lengthBytes, hasHoles);

    /// <summary>The descriptor; closed on exec.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>The length in bytes.</summary>
    public ulong LengthBytes { get; }

    /// <summary>Creates <paramref name="lengthBytes"/> bytes of zeros; nothing is allocated until it is touched.</summary>
    /// <param name="name">What /proc shows; for people.</param>
    /// <param name="lengthBytes">A multiple of the page size.</param>
    /// <param name="hugePageSize">Null for ordinary pages, else the size of the huge pages that back it (hugetlb).</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it has no huge pages of that size. Whether there are
    /// enough of them is asked by <see cref="MappedMemory.MapShared"/>.</exception>
    public static MemoryFile Create(string name, ulong lengthBytes, PageSize? hugePageSize = null)
    {
        var flags = MemoryCalls.MemfdCloseOnExec | MemoryCalls.MemfdAllowSealing;
        if (hugePageSize is { } size)
        {
            flags |= MemoryCalls.MemfdHugeTlb | (uint)size.Shift << MemoryCalls.MemfdHugeShift;
        }

        var subject = $"{name}, {lengthBytes} bytes" + (hugePageSize is { } huge ? $": {HugePages.Describe(huge, lengthBytes)}" : "");
        var descriptor = MemoryCalls.MemfdCreate(name, flags);
        if (descriptor < 0)
        {
            throw new KernelCallException("memfd_create", Marshal.GetLastPInvokeError(), subject);
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            if (MemoryCalls.Truncate(handle, checked((long)lengthBytes)) != 0)
            {
                throw new KernelCallException("ftruncate", Marshal.GetLastPInvokeError(), subject);
            }

            if (MemoryCalls.Control(handle, MemoryCalls.AddSeals, MemoryCalls.SealSeal | MemoryCalls.SealShrink | MemoryCalls.SealGrow) != 0)
            {
                throw new KernelCallException("fcntl(F_ADD_SEALS)", Marshal.GetLastPInvokeError(), subject);
            }

            return new MemoryFile(handle, lengthBytes, hasHoles: hugePageSize is null);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether a file that came from elsewhere is memory that nobody can cut short any more, so that accesses to it can't be signals.</summary>
    public static bool IsSealedAgainstShrinking(SafeFileHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return MemoryCalls.Control(file, MemoryCalls.GetSeals, 0) is var seals && seals > 0 && (seals & MemoryCalls.SealShrink) != 0;
    }

    /// <summary>The first allocated extent at or behind <paramref name="offsetBytes"/>; false where only holes follow.</summary>
    /// <remarks>A hole reads as zeros and was never written. Reading it through a mapping would allocate it, asking here does not. Huge
    /// pages are reported as allocated throughout. Not thread-safe: it moves the descriptor's position. Source: lseek(2), SEEK_DATA.</remarks>
    public bool TryFindData(ulong offsetBytes, out ulong startBytes, out ulong lengthBytes)
    {
        (startBytes, lengthBytes) = (0, 0);
        if (offsetBytes >= LengthBytes)
        {
            return false;
        }

        if (!_hasHoles)
        {
            (startBytes, lengthBytes) = (offsetBytes, LengthBytes - offsetBytes);
            return true;
        }

        var data = MemoryCalls.Seek(Handle, (long)offsetBytes, MemoryCalls.SeekData);
        if (data < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno == Enxio ? false : throw new KernelCallException("lseek(SEEK_DATA)", errno, $"offset {offsetBytes} of {LengthBytes}");
        }

        var hole = MemoryCalls.Seek(Handle, data, MemoryCalls.SeekHole);
        if (hole < 0)
        {
            throw new KernelCallException("lseek(SEEK_HOLE)", Marshal.GetLastPInvokeError(), $"offset {data} of {LengthBytes}");
        }

        (startBytes, lengthBytes) = ((ulong)data, (ulong)(hole - data));
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}
