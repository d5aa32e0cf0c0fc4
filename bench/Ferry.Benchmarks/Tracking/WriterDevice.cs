using Ferry.Devices.Hosting;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Benchmarks.Tracking;

/// <summary>A device that writes the pages it is told to, or as many as it can.</summary>
internal sealed class WriterDevice : DeviceModel
{
    private const int WriteBytes = 4096;
    private readonly byte[] _data = new byte[WriteBytes];
    private readonly DeviceWorker _worker;
    private readonly Random _random = new(1);
    private ulong _workingSetBytes;
    private ulong _written;

    public WriterDevice()
        : base(new DeviceDescription
        {
            Model = "writer",
            StateVersion = 1,
            Regions = [],
            InterruptCounts = [],
            Migration = VfioMigrationFlags.None,
            State = [],
            DmaLogPageSizes = [PageSize.Size4K, new PageSize(64 << 10), PageSize.Size2M],
        })
    {
        _worker = new DeviceWorker("writer", Step);
        Start();
    }

    public override DeviceCounters Counters => default;

    /// <summary>The pages that it wrote so far.</summary>
    public ulong Written => Volatile.Read(ref _written);

    /// <summary>Writes a page of a random place within so many bytes, over and over; 0 for none.</summary>
    public void WriteAllOver(ulong workingSetBytes)
    {
        _worker.Pause();
        _workingSetBytes = workingSetBytes;
        _worker.Resume();
    }

    /// <summary>Writes every page of <paramref name="stride"/> once, <paramref name="count"/> of them.</summary>
    public void Write(ulong count, ulong stride)
    {
        for (ulong i = 0; i < count; i++)
        {
            if (!Dma.TryWrite(new Iova(i * stride * WriteBytes), _data))
            {
                throw new InvalidOperationException($"Page {i * stride} can't be written.");
            }
        }
    }

    public override void RegionRead(int region, ulong offset, Span<byte> data) => data.Clear();

    public override void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
    }

    protected override void Run() => _worker.Resume();

    protected override void AllowPeerDma(bool isAllowed)
    {
    }

    protected override void Quiesce() => _worker.Pause();

    protected override void ResetState()
    {
    }

    protected override void SealState()
    {
    }

    protected override void ApplyState()
    {
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _worker.Dispose();
        }

        base.Dispose(disposing);
    }

    private TimeSpan Step()
    {
        if (_workingSetBytes == 0)
        {
            return TimeSpan.FromMilliseconds(100);
        }

        for (var i = 0; i < 64; i++)
        {
            var page = (ulong)_random.NextInt64((long)(_workingSetBytes / WriteBytes));
            if (!Dma.TryWrite(new Iova(page * WriteBytes), _data))
            {
                throw new InvalidOperationException($"Page {page} can't be written.");
            }
        }

        Volatile.Write(ref _written, _written + 64);
        return TimeSpan.Zero;
    }
}
