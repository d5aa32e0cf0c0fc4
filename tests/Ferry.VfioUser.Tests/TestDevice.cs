using Ferry.Linux.Events;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>A small real device: registers, a mappable region, DMA by mapping or by messages, a log, migration states and data.</summary>
internal sealed class TestDevice : IVfioUserDevice, IPageTableDevice, IDisposable
{
    public const int Registers = 0;
    public const int Shared = 1;
    public const int ReadOnly = 2;
    public const int Absent = 3;
    public const int SharedBytes = 64 << 10;
    public static readonly (ulong OffsetBytes, ulong SizeBytes)[] SharedAreas = [(4096, 8192), (32768, 4096)];

    private readonly Lock _gate = new();
    private readonly MemoryFile _shared = MemoryFile.Create("test-device", SharedBytes + 4096);
    private readonly byte[] _registers = new byte[8192];
    private readonly Dictionary<IovaRange, MappedMemory?> _windows = [];
    private readonly EventFile?[][] _events = [new EventFile?[1], new EventFile?[40], [], [], new EventFile?[1]];
    private readonly List<(IovaRange Range, SortedSet<ulong> Pages)> _log = [];
    private PageSize _logPageSize;

    public TestDevice() => Regions =
    [
        new VfioUserRegion((ulong)_registers.Length, true, true, null, 0, []),
        new VfioUserRegion(SharedBytes, true, true, _shared.Handle, 4096, SharedAreas),
        new VfioUserRegion(16, true, false, null, 0, []),
        new VfioUserRegion(0, false, false, null, 0, []),
    ];

    public IReadOnlyList<VfioUserRegion> Regions { get; }

    public IReadOnlyList<uint> InterruptCounts => [.. _events.Select(each => (uint)each.Length)];

    public VfioMigrationFlags Migration { get; init; } = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    public IReadOnlyList<PageSize> DmaLogPageSizes { get; init; } = [PageSize.Size4K, new PageSize(65536), PageSize.Size2M];

    public int DmaLogMaxRanges { get; init; } = 8;

    public VfioDeviceState State { get; private set; } = VfioDeviceState.Running;

    public byte[] MigrationData { get; set; } = [];

    public List<byte> Received { get; } = [];

    /// <summary>Thrown once by the next call that the server makes.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Called for each write to the registers, on the server's thread.</summary>
    public Action<ulong, byte[]>? OnRegisterWrite { get; set; }

    public Action? OnReport { get; set; }

    public ulong? Estimate { get; set; } = 12345;

    public int Resets { get; private set; }

    public bool IsLogging { get; private set; }

    public int LogStarts { get; private set; }

    public int WindowCount => Locked(() => _windows.Count);

    public int EventCount => Locked(() => _events.Sum(each => each.Count(handle => handle is not null)));

    public byte[] RegisterBytes => _registers;

    public MemoryFile SharedFile => _shared;

    public void RegionRead(int region, ulong offset, Span<byte> data)
    {
        ThrowFault();
        _registers.AsSpan((int)offset, data.Length).CopyTo(data);
    }

    public void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        ThrowFault();
        data.CopyTo(_registers.AsSpan((int)offset));
        if (OnRegisterWrite is { } callback)
        {
            callback(offset, data.ToArray());
        }
    }

    public void DmaMap(IovaRange range, ulong fileOffset, bool read, bool write, SafeFileHandle? file)
    {
        ThrowFault();
        MappedMemory? memory = null;
        if (file is not null)
        {
            memory = MappedMemory.MapShared(file, fileOffset, range.LengthBytes, MemoryProtection.Read | MemoryProtection.Write);
            file.Dispose();
        }

        Locked(() => _windows.Add(range, memory));
    }

    public void DmaUnmap(IovaRange range, DirtyBitmap? dirty) => Locked(() =>
    {
        ThrowFault();
        if (dirty is not null)
        {
            Drain(range, dirty);
        }

        _windows.Remove(range, out var memory);
        memory?.Dispose();
    });

    public void DmaUnmapAll() => Locked(() =>
    {
        foreach (var memory in _windows.Values)
        {
            memory?.Dispose();
        }

        _windows.Clear();
    });

    public IReadOnlyList<MappedWindow> GetMappedWindows() => Locked(() =>
        PageTable ?? [.. _windows.Where(window => window.Value is not null).Select(window => new MappedWindow(window.Key, window.Value!.Address))]);

    /// <summary>What is said instead of the truth, or null.</summary>
    public IReadOnlyList<MappedWindow>? PageTable { get; set; }

    /// <summary>Lets a system call write a page through a window: zeros.</summary>
    public void WriteBySystemCall(Iova start, int lengthBytes)
    {
        using var zero = File.OpenHandle("/dev/zero");
        lock (_gate)
        {
            var (range, memory) = _windows.Single(window => window.Key.Contains(new IovaRange(start, (ulong)lengthBytes)));
            Assert.Equal(lengthBytes, RandomAccess.Read(zero, memory!.GetSpan(start.Value - range.Start.Value, lengthBytes), 0));
        }
    }

    public void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events) => Locked(() =>
    {
        ThrowFault();
        for (var i = 0; i < events.Count; i++)
        {
            _events[index][start + i]?.Dispose();
            _events[index][start + i] = events[i] is { } handle ? new EventFile(handle) : null;
        }
    });

    public void Signal(int index, int interrupt) => Locked(() => _events[index][interrupt]?.Signal());

    public void Reset()
    {
        ThrowFault();
        Resets++;
        State = VfioDeviceState.Running;
    }

    public void SetState(VfioDeviceState next)
    {
        ThrowFault();
        if (!VfioStateArcs.TryGetPath(State, next, Migration, out _))
        {
            throw new VfioUserException(22, $"No way from {State} to {next}.");
        }

        State = next;
    }

    public int ReadMigrationData(Span<byte> buffer)
    {
        ThrowFault();
        // In small pieces, so that the server has to fill its answer.
        var count = Math.Min(Math.Min(buffer.Length, MigrationData.Length), 1000);
        MigrationData.AsSpan(0, count).CopyTo(buffer);
        MigrationData = MigrationData[count..];
        return count;
    }

    public void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        ThrowFault();
        Received.AddRange(data);
    }

    public ulong? EstimateStopCopyBytes() => Estimate;

    public void StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => Locked(() =>
    {
        ThrowFault();
        _log.Clear();
        _log.AddRange(ranges.Select(range => (range, new SortedSet<ulong>())));
        (_logPageSize, IsLogging) = (pageSize, true);
        LogStarts++;
    });

    public void StopDmaLog() => Locked(() =>
    {
        ThrowFault();
        _log.Clear();
        IsLogging = false;
    });

    /// <summary>Makes reports find nothing, and allocate nothing.</summary>
    public bool IsQuiet { get; set; }

    public void ReportDmaLog(IovaRange range, DirtyBitmap bitmap)
    {
        lock (_gate)
        {
            OnReport?.Invoke();
            ThrowFault();
            if (!IsQuiet)
            {
                Drain(range, bitmap);
            }
        }
    }

    /// <summary>Writes guest memory through a window, and logs it.</summary>
    public void Write(Iova start, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            foreach (var (range, memory) in _windows)
            {
                if (memory is not null && range.Contains(new IovaRange(start, (ulong)data.Length)))
                {
                    data.CopyTo(memory.GetSpan(start.Value - range.Start.Value, data.Length));
                    MarkWritten(new IovaRange(start, (ulong)data.Length));
                    return;
                }
            }
        }

        throw new InvalidOperationException($"No window holds {data.Length} bytes from {start}.");
    }

    /// <summary>Logs a write as if it had happened.</summary>
    public void MarkWritten(IovaRange written)
    {
        foreach (var (range, pages) in _log)
        {
            var first = Math.Max(written.Start.Value, range.Start.Value) >> _logPageSize.Shift;
            var last = Math.Min(written.Last.Value, range.Last.Value) >> _logPageSize.Shift;
            for (var page = first; written.Overlaps(range) && page <= last; page++)
            {
                pages.Add(page);
            }
        }
    }

    public void Dispose()
    {
        DmaUnmapAll();
        foreach (var handle in _events.SelectMany(each => each))
        {
            handle?.Dispose();
        }

        _shared.Dispose();
    }

    private void Drain(IovaRange range, DirtyBitmap into)
    {
        foreach (var (_, pages) in _log)
        {
            foreach (var page in pages.Where(page => range.Overlaps(PageRange(page))).ToList())
            {
                var first = Math.Max(PageRange(page).Start.Value, range.Start.Value);
                var last = Math.Min(PageRange(page).Last.Value, range.Last.Value);
                into.Set(new IovaRange(new Iova(first), last - first + 1));
                pages.Remove(page);
            }
        }
    }

    private IovaRange PageRange(ulong page) => new(new Iova(page << _logPageSize.Shift), _logPageSize.Bytes);

    private void ThrowFault()
    {
        if (Fault is { } fault)
        {
            Fault = null;
            throw fault;
        }
    }

    private void Locked(Action action)
    {
        lock (_gate)
        {
            action();
        }
    }

    private T Locked<T>(Func<T> function)
    {
        lock (_gate)
        {
            return function();
        }
    }
}
