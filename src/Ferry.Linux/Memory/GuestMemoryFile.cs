using Ferry.Memory;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Linux.Memory;

/// <summary>Guest memory on one memfd: allocated for a layout, mapped, populated ahead where wished, and shared with devices by its descriptor.</summary>
public sealed class GuestMemoryFile : IDisposable
{
    private const ulong PopulateStepBytes = 16 << 20;
    private const int Enomem = 12;
    private readonly MemoryFile _file;
    private readonly MappedMemory _mapping;

    private GuestMemoryFile(MemoryFile file, MappedMemory mapping, GuestMemory memory) => (_file, _mapping, Memory) = (file, mapping, memory);

    /// <summary>The regions as mapped here.</summary>
    public GuestMemory Memory { get; }

    /// <summary>The descriptor that backs all regions.</summary>
    public SafeFileHandle Handle => _file.Handle;

    /// <summary>Allocates and maps memory for <paramref name="layout"/>; nothing is touched.</summary>
    /// <param name="layout">Where each region starts and how long it is; disjoint, aligned to the backing page size.</param>
    /// <param name="hugePageSize">Null for ordinary pages, else the size of the huge pages that back it.</param>
    /// <exception cref="KernelCallException">The kernel refused; for huge pages the message says how to get some.</exception>
    /// <exception cref="ArgumentException">The layout is not one (<see cref="GuestMemory"/>).</exception>
    public static GuestMemoryFile Create(IReadOnlyList<(Gpa Start, ulong LengthBytes)> layout, PageSize? hugePageSize = null)
    {
        ulong total = 0;
        foreach (var (start, lengthBytes) in layout)
        {
            if (((start.Value | lengthBytes) & ((hugePageSize ?? PageSize.Size4K).Bytes - 1)) != 0)
            {
                throw new ArgumentException($"The region at {start} of {lengthBytes} bytes is not made of whole pages of {hugePageSize ?? PageSize.Size4K}.", nameof(layout));
            }

            total = checked(total + lengthBytes);
        }

        if (total == 0)
        {
            throw new ArgumentException("Guest memory needs at least one region.", nameof(layout));
        }

        MemoryFile? file = null;
        MappedMemory? mapping = null;
        try
        {
            file = MemoryFile.Create("ferry-guest", total, hugePageSize);
            mapping = Map(file, total, hugePageSize);
            var regions = new List<GuestRegion>();
            ulong offset = 0;
            foreach (var (start, lengthBytes) in layout)
            {
                regions.Add(new(start, lengthBytes, new(mapping.Address.Value + (nuint)offset), offset));
                offset += lengthBytes;
            }

            return new(file, mapping, new GuestMemory(regions));
        }
        catch
        {
            mapping?.Dispose();
            file?.Dispose();
            throw;
        }
    }

    /// <summary>Populates one range of guest memory, within one region. Thread-safe.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within one region.</exception>
    /// <exception cref="KernelCallException">There is not enough memory, or there are too few huge pages.</exception>
    public void Populate(IovaRange range) => _mapping.Populate(OffsetOf(range), range.LengthBytes);

    /// <summary>Populates all guest memory with several threads, for first touches are slow.</summary>
    /// <param name="threads">How many threads, this one included; at least 1.</param>
    /// <param name="progress">Called with the bytes done so far, from any of the threads; may be null.</param>
    /// <param name="cancellation">Ends it between steps of 16 MiB.</param>
    /// <exception cref="KernelCallException">There is not enough memory, or there are too few huge pages.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void PopulateAll(int threads, Action<ulong>? progress, CancellationToken cancellation)
    {
        var total = _mapping.LengthBytes;
        var steps = (int)((total + PopulateStepBytes - 1) / PopulateStepBytes);
        ulong done = 0;
        try
        {
            Parallel.For(0, steps, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation }, step =>
            {
                var offset = (ulong)step * PopulateStepBytes;
                var length = Math.Min(PopulateStepBytes, total - offset);
                _mapping.Populate(offset, length);
                var now = Interlocked.Add(ref done, length);
                progress?.Invoke(now);
            });
        }
        catch (AggregateException e) when (e.InnerExceptions.Count > 0)
        {
            throw e.InnerExceptions[0];
        }
    }

    /// <summary>The ranges that are allocated; all else was never touched and reads as zeros. Thread-safe.</summary>
    public PopulatedRanges FindPopulated() => new(_file, Memory);

    /// <summary>Asks for transparent huge pages.</summary>
    public void AdviseHugePages() => _mapping.AdviseHugePages();

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
        _file.Dispose();
    }

    private static MappedMemory Map(MemoryFile file, ulong lengthBytes, PageSize? hugePageSize)
    {
        const MemoryProtection readWrite = MemoryProtection.Read | MemoryProtection.Write;
        try
        {
            return MappedMemory.MapShared(file.Handle, 0, lengthBytes, readWrite, reserve: hugePageSize is not null);
        }
        catch (KernelCallException e) when (e.Errno == Enomem && hugePageSize is { } size)
        {
            throw new KernelCallException(e.Call, e.Errno, $"{lengthBytes} bytes of guest memory: {HugePages.Describe(size, lengthBytes)}");
        }
    }

    private ulong OffsetOf(IovaRange range)
    {
        foreach (var region in Memory.Regions)
        {
            if (region.Range.Contains(range))
            {
                return region.FileOffsetBytes + (range.Start.Value - region.Start.Value);
            }
        }

        throw new ArgumentOutOfRangeException(nameof(range), range, "Not within one region of guest memory.");
    }
}
