using Ferry.Memory;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Devices.Dma;

/// <summary>Guest memory as a device reaches it: what the client mapped, by IOVA, with permissions, bounds and the log of what was written.</summary>
/// <remarks>
/// The device's threads read and write; one thread, which serves the client, maps, unmaps and logs. An access holds a gate for as long as
/// it lasts, and whatever changes windows or log closes that gate: unmapping returns when nothing of the window is in use, and logging
/// misses no write that was under way. Accesses allocate nothing.
///
/// DMA by messages is done by the client and takes as long as that likes, so it holds a gate of its own, which unmapping alone closes. It
/// is passed first and left last:
/// <code>
///   access       [ memory: find, copy, mark ]
///   by message   [ messages: [ memory: find ] ask the client [ memory: mark ] ]
///   unmapping    close messages, close memory, change, open both
/// </code>
/// </remarks>
public sealed partial class DmaWindows : IDisposable
{
    private readonly DmaGate _gate = new();
    private readonly DmaGate _messageGate = new();
    private readonly List<DmaWindow> _windows = [];
    private readonly DmaLog _log;
    private readonly int _maxMaps;

    /// <summary>No windows.</summary>
    /// <param name="maxMaps">The most that may be mapped at a time.</param>
    /// <param name="logLimits">What can be logged.</param>
    public DmaWindows(int maxMaps, DmaLogLimits logLimits)
    {
        (_maxMaps, _log) = (maxMaps, new DmaLog(logLimits));
        _pins = logLimits.Mode == DmaLogMode.Pinned ? new DmaPins(_log, logLimits.MaxPinnedPages) : null;
    }

    /// <summary>What does DMA to windows without a descriptor; null where they can't be reached.</summary>
    public IDmaMessages? Messages { get; set; }

    /// <summary>The number of windows; from any thread.</summary>
    public int Count => _windows.Count;

    /// <summary>The windows that are mapped here and may be written, and where; for the thread that maps.</summary>
    public IReadOnlyList<MappedWindow> GetMapped() =>
        [.. _windows.Where(window => window.IsMapped && window.Allows(DmaAccess.Write)).Select(window => new MappedWindow(window.Range, window.Address))];

    /// <summary>Whether writes are logged; from any thread.</summary>
    public bool IsLogging => _log.IsStarted;

    /// <summary>Takes guest memory in hand, for access without a copy; dispose what it gives.</summary>
    /// <returns>False where the bytes are not all in one window that is mapped here and allows the access: <see cref="TryRead"/> and
    /// <see cref="TryWrite"/> may still reach them. False too where pages are to be written that have to be pinned and are not.</returns>
    public bool TryAcquire(Iova start, int lengthBytes, DmaAccess access, out DmaSpan span)
    {
        _gate.Enter();
        if (lengthBytes > 0 && Find(start, access) is { } window && window.TryGetSpan(start, lengthBytes, out var bytes)
            && MayAccess(start, lengthBytes, access))
        {
            span = new DmaSpan(this, start, bytes, access == DmaAccess.Write);
            return true;
        }

        _gate.Leave();
        span = default;
        return false;
    }

    /// <summary>Reads guest memory, which may span windows.</summary>
    /// <returns>False, with <paramref name="data"/> meaning nothing, where not all of it is mapped for reading.</returns>
    public bool TryRead(Iova start, Span<byte> data)
    {
        while (!data.IsEmpty)
        {
            var length = ReadPart(start, data);
            data = data[length..];
            // An address beyond 2^64 - 1 does not come round to 0.
            if (length == 0 || (!data.IsEmpty && start.Value > ulong.MaxValue - (ulong)length))
            {
                return false;
            }

            start = new(unchecked(start.Value + (ulong)length));
        }

        return true;
    }

    /// <summary>Writes guest memory, which may span windows, and logs it.</summary>
    /// <returns>False, with nothing written, where not all of it is mapped for writing, and pinned where that is needed. Also false, with a part written and logged,
    /// where the client refused a message or unmapped a window meanwhile.</returns>
    public bool TryWrite(Iova start, ReadOnlySpan<byte> data)
    {
        _gate.Enter();
        var isAllowed = IsMapped(start, data.Length, DmaAccess.Write) && MayAccess(start, data.Length, DmaAccess.Write);
        _gate.Leave();
        if (!isAllowed)
        {
            return false;
        }

        while (!data.IsEmpty)
        {
            var length = WritePart(start, data);
            if (length == 0)
            {
                return false;
            }

            data = data[length..];
            start = new(unchecked(start.Value + (ulong)length));
        }

        return true;
    }

    /// <summary>Adds a window.</summary>
    /// <param name="range">Its addresses, whole pages of 4 KiB.</param>
    /// <param name="fileOffset">Where it begins in <paramref name="file"/>.</param>
    /// <param name="read">Whether the device may read it.</param>
    /// <param name="write">Whether the device may write it.</param>
    /// <param name="file">What is mapped, or null for DMA by messages. It is closed in any case: a mapping needs it no longer.</param>
    /// <exception cref="VfioUserException">It overlaps another, one more is too many, it is not aligned, or it can't be mapped; nothing
    /// changed.</exception>
    public void Map(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        using (file)
        {
            if (!range.IsAligned(PageSize.Size4K) || !(read || write))
            {
                throw new VfioUserException(Errno.Invalid, $"{range} is not made of whole 4 KiB pages, or mapped for neither reading nor writing.");
            }

            if (_windows.Count == _maxMaps)
            {
                throw new VfioUserException(Errno.NoSpace, $"{_maxMaps} windows are mapped, which is the limit.");
            }

            var index = IndexAfter(range.Start);
            if ((index > 0 && _windows[index - 1].Range.Overlaps(range)) || (index < _windows.Count && _windows[index].Range.Overlaps(range)))
            {
                throw new VfioUserException(Errno.Exists, $"{range} overlaps what is mapped already.");
            }

            var window = DmaWindow.Create(range, fileOffset, read, write, file);
            _gate.Close();
            _windows.Insert(index, window);
            _gate.Open();
        }
    }

    /// <summary>Removes one window, with the pins in it; when it returns, no access to it is under way, by messages neither, and none succeeds.</summary>
    /// <param name="range">The window, exactly as it was mapped.</param>
    /// <param name="dirty">Where not null, takes what was written in it and not reported yet. Where only a part of it is logged, the rest
    /// counts as written.</param>
    /// <exception cref="VfioUserException">ENOENT: no window is exactly that; EINVAL: dirty pages are wanted and nothing is logged.
    /// Nothing changed.</exception>
    public void Unmap(IovaRange range, DirtyBitmap? dirty)
    {
        var index = IndexAfter(range.Start) - 1;
        if (index < 0 || _windows[index].Range != range)
        {
            throw new VfioUserException(Errno.NoEntry, $"{range} is no window as it was mapped.");
        }

        if (dirty is not null && !_log.IsStarted)
        {
            throw new VfioUserException(Errno.Invalid, $"Dirty pages of {range} are wanted, but no DMA is logged.");
        }

        var isMapped = _windows[index].IsMapped;
        if (!isMapped)
        {
            _messageGate.Close();
        }

        _gate.Close();
        try
        {
            _pins?.Forget(range);
            if (dirty is not null)
            {
                _log.DrainUnmapped(range, dirty);
            }

            _windows[index].Dispose();
            _windows.RemoveAt(index);
        }
        finally
        {
            _gate.Open();
            if (!isMapped)
            {
                _messageGate.Open();
            }
        }
    }

    /// <summary>Removes every window, as <see cref="Unmap"/> does.</summary>
    public void UnmapAll()
    {
        _messageGate.Close();
        _gate.Close();
        _pins?.Forget(Everywhere);
        foreach (var window in _windows)
        {
            window.Dispose();
        }

        _windows.Clear();
        _gate.Open();
        _messageGate.Open();
    }

    /// <summary>Starts to log writes; every write that ends after this returned is logged.</summary>
    /// <exception cref="VfioUserException">Logging is on, or the ranges or the page size are beyond what the device can log; the message
    /// says which and the limit.</exception>
    public void StartLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        var prepared = _log.Prepare(ranges, pageSize);
        _gate.Close();
        _log.Start(prepared);
        _gate.Open();
    }

    /// <summary>Stops to log, and forgets what was not reported; does nothing where nothing is logged.</summary>
    public void StopLog()
    {
        _gate.Close();
        _log.Stop();
        _gate.Open();
    }

    /// <summary>ORs into <paramref name="bitmap"/> what was written since the last report, and forgets it, and what is pinned for write.</summary>
    /// <exception cref="VfioUserException">EINVAL: nothing is logged, or not all of the range.</exception>
    public void ReportLog(IovaRange range, DirtyBitmap bitmap)
    {
        _log.Report(range, bitmap);
        _pins?.Report(range, _log.PageSize, bitmap);
    }

    /// <summary>Removes every window and stops to log.</summary>
    public void Dispose()
    {
        UnmapAll();
        StopLog();
    }

    internal void Release(Iova start, int lengthBytes, bool isWrite)
    {
        // Only now: a mark set before the write could be reported and forgotten before the bytes are there.
        if (isWrite)
        {
            if (_pins is null)
            {
                _log.Mark(start, lengthBytes);
            }
            else
            {
                _pins.MarkUnpinned(start, lengthBytes);
            }
        }

        _gate.Leave();
    }

    private int ReadPart(Iova start, Span<byte> data)
    {
        _gate.Enter();
        try
        {
            if (Find(start, DmaAccess.Read) is not { } window)
            {
                return 0;
            }

            var length = window.LengthFrom(start, data.Length);
            if (window.TryGetSpan(start, length, out var bytes))
            {
                bytes.CopyTo(data);
                return length;
            }
        }
        finally
        {
            _gate.Leave();
        }

        return ReadByMessage(start, data);
    }

    private int WritePart(Iova start, ReadOnlySpan<byte> data)
    {
        _gate.Enter();
        var window = Find(start, DmaAccess.Write);
        if (window is not null)
        {
            var length = window.LengthFrom(start, data.Length);
            if (window.TryGetSpan(start, length, out var bytes))
            {
                data[..length].CopyTo(bytes);
                Release(start, length, isWrite: true);
                return length;
            }
        }

        _gate.Leave();
        return window is null ? 0 : WriteByMessage(start, data);
    }

    private int ReadByMessage(Iova start, Span<byte> data)
    {
        _messageGate.Enter();
        try
        {
            var length = MessageLength(start, data.Length, DmaAccess.Read);
            return length > 0 && Messages is { } messages && messages.TryRead(start, data[..length]) ? length : 0;
        }
        finally
        {
            _messageGate.Leave();
        }
    }

    private int WriteByMessage(Iova start, ReadOnlySpan<byte> data)
    {
        _messageGate.Enter();
        try
        {
            var length = MessageLength(start, data.Length, DmaAccess.Write);
            if (length == 0)
            {
                return 0;
            }

            var isWritten = Messages is { } messages && messages.TryWrite(start, data[..length]);
            // Also where it failed: a part may be written.
            _gate.Enter();
            Release(start, length, isWrite: true);
            return isWritten ? length : 0;
        }
        finally
        {
            _messageGate.Leave();
        }
    }

    // With the gate of messages held; 0 where the window was unmapped, or mapped with a descriptor, before that was passed.
    private int MessageLength(Iova start, int wantedBytes, DmaAccess access)
    {
        _gate.Enter();
        var length = Find(start, access) is { IsMapped: false } window ? window.LengthFrom(start, wantedBytes) : 0;
        _gate.Leave();
        return length;
    }

    // With the gate held.
    private bool IsMapped(Iova start, int lengthBytes, DmaAccess access)
    {
        var isMapped = true;
        while (lengthBytes > 0 && isMapped)
        {
            var window = Find(start, access);
            isMapped = window is not null;
            var length = window?.LengthFrom(start, lengthBytes) ?? 0;
            lengthBytes -= length;
            // An address beyond 2^64 - 1 does not come round to 0.
            isMapped &= lengthBytes == 0 || start.Value <= ulong.MaxValue - (ulong)length;
            start = new(unchecked(start.Value + (ulong)length));
        }

        return isMapped;
    }

    private DmaWindow? Find(Iova address, DmaAccess access)
    {
        var index = IndexAfter(address) - 1;
        return index >= 0 && _windows[index] is var window && address <= window.Range.Last && window.Allows(access) ? window : null;
    }

    private int IndexAfter(Iova address)
    {
        var (low, high) = (0, _windows.Count);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            (low, high) = _windows[middle].Range.Start <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
