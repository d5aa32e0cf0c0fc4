using System.Runtime.InteropServices;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Memory;

/// <summary>Memory that is mapped into this process, unmapped when disposed.</summary>
/// <remarks>Spans and addresses taken from it must not be used afterwards. Other threads, processes and guests may write what lies
/// behind a span at any time. Source: mmap(2).</remarks>
public sealed unsafe class MappedMemory : SafeHandle
{
    private const int Einval = 22;
    private const int Eacces = 13;
    private MemoryProtection _protection;

    private MappedMemory(nint address, ulong lengthBytes, MemoryProtection protection)
        : base(-1, ownsHandle: true)
    {
        (LengthBytes, _protection) = (lengthBytes, protection);
        SetHandle(address);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The length in bytes.</summary>
    public ulong LengthBytes { get; }

    /// <summary>Where it is mapped.</summary>
    public Hva Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return new((nuint)handle);
        }
    }

    /// <summary>Maps a part of <paramref name="file"/>, shared with whoever else maps it.</summary>
    /// <param name="file">A descriptor that can be mapped.</param>
    /// <param name="offsetBytes">A multiple of the page size.</param>
    /// <param name="lengthBytes">Not zero.</param>
    /// <param name="protection">What may be done with it.</param>
    /// <param name="reserve">Whether the pages are promised now. Without that the first touch of a huge page that is not there kills the process.</param>
    /// <exception cref="KernelCallException">The kernel refused, for instance because it can't promise the pages.</exception>
    public static MappedMemory MapShared(SafeFileHandle file, ulong offsetBytes, ulong lengthBytes, MemoryProtection protection, bool reserve = false)
    {
        var flags = reserve ? MemoryCalls.MapShared : MemoryCalls.MapShared | MemoryCalls.MapNoReserve;
        var address = MemoryCalls.Map(0, checked((nuint)lengthBytes), (int)protection, flags, file, checked((long)offsetBytes));
        return address != MemoryCalls.MapFailed
            ? new(address, lengthBytes, protection)
            : throw new KernelCallException("mmap", Marshal.GetLastPInvokeError(), $"{lengthBytes} bytes of descriptor {file.DangerousGetHandle()} from {offsetBytes}, {protection}");
    }

    /// <summary>Maps zeroed memory of this process alone.</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public static MappedMemory MapAnonymous(ulong lengthBytes, MemoryProtection protection)
    {
        var address = MemoryCalls.MapAnonymousMemory(0, checked((nuint)lengthBytes), (int)protection, MemoryCalls.MapPrivate | MemoryCalls.MapAnonymous, -1, 0);
        return address != MemoryCalls.MapFailed
            ? new(address, lengthBytes, protection)
            : throw new KernelCallException("mmap", Marshal.GetLastPInvokeError(), $"{lengthBytes} anonymous bytes, {protection}");
    }

    /// <summary>The bytes from <paramref name="offsetBytes"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are not all mapped here.</exception>
    public Span<byte> GetSpan(ulong offsetBytes, int lengthBytes)
    {
        Check(offsetBytes, (ulong)Math.Max(lengthBytes, 0), lengthBytes >= 0);
        return new((byte*)Address.Value + offsetBytes, lengthBytes);
    }

    /// <summary>Changes what may be done with all of it. Source: mprotect(2).</summary>
    /// <exception cref="KernelCallException">The kernel refused.</exception>
    public void Protect(MemoryProtection protection)
    {
        if (MemoryCalls.Protect((nint)Address.Value, (nuint)LengthBytes, (int)protection) != 0)
        {
            throw new KernelCallException("mprotect", Marshal.GetLastPInvokeError(), $"{LengthBytes} bytes, {protection}");
        }

        _protection = protection;
    }

    /// <summary>Allocates every page of a part ahead of its first use and maps it writable; contents stay. Thread-safe.</summary>
    /// <param name="offsetBytes">A multiple of the page size.</param>
    /// <param name="lengthBytes">In bytes; may be zero.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of it is mapped here.</exception>
    /// <exception cref="KernelCallException">There is not enough memory, or the mapping is not writable.</exception>
    public void Populate(ulong offsetBytes, ulong lengthBytes)
    {
        Check(offsetBytes, lengthBytes, true);
        if (lengthBytes == 0)
        {
            return;
        }

        if ((_protection & MemoryProtection.Write) == 0)
        {
            throw new KernelCallException("madvise(MADV_POPULATE_WRITE)", Eacces, $"{lengthBytes} bytes at offset {offsetBytes}, mapped for {_protection}");
        }

        var start = (byte*)Address.Value + offsetBytes;
        if (MemoryCalls.Advise((nint)start, (nuint)lengthBytes, MemoryCalls.AdvisePopulateWrite) == 0)
        {
            return;
        }

        var errno = Marshal.GetLastPInvokeError();
        if (errno != Einval)
        {
            throw new KernelCallException("madvise(MADV_POPULATE_WRITE)", errno, $"{lengthBytes} bytes at offset {offsetBytes}");
        }

        // Linux before 5.14: an interlocked OR of nothing is a write that can't lose anyone else's.
        for (ulong at = 0; at < lengthBytes; at += 4096)
        {
            Interlocked.Or(ref *(int*)(start + at), 0);
        }
    }

    /// <summary>Asks for transparent huge pages; a kernel that has none for this kind of memory goes on with small ones.</summary>
    public void AdviseHugePages() => MemoryCalls.Advise((nint)Address.Value, (nuint)LengthBytes, MemoryCalls.AdviseHugePage);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => MemoryCalls.Unmap(handle, (nuint)LengthBytes) == 0;

    private void Check(ulong offsetBytes, ulong lengthBytes, bool valid)
    {
        if (!valid || offsetBytes > LengthBytes || lengthBytes > LengthBytes - offsetBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(offsetBytes), offsetBytes, $"{lengthBytes} bytes from there are not within the {LengthBytes} bytes that are mapped.");
        }
    }
}
