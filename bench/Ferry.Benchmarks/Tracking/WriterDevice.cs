using System.Buffers.Binary;
using Ferry.Devices.Hosting;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser;

namespace Ferry.Benchmarks.Tracking;

/// <summary>A device that writes the pages it is told to by its registers, or as many as it can.</summary>
internal sealed class WriterDevice : DeviceModel
{
    /// <summary>Registers of eight bytes in region 0: distance of the pages that are written next; how many, which writes them; the bytes that it
    /// writes all over from now on, 0 for none; the pages of those that it wrote so far.</summary>
    public const ulong StrideRegister = 0, CountRegister = 8, WorkingSetRegister = 16, WrittenRegister = 24;

    private const int WriteBytes = 4096;
    private readonly byte[] _data = new byte[WriteBytes];
    private readonly DeviceWorker _worker;
    private readonly Random _random = new(1);
    private ulong _stride;
    private ulong _workingSetBytes;
    private ulong _written;

    public WriterDevice()
        : base(new DeviceDescription
        {
            Model = "writer",
            StateVersion = 1,
            Regions = [new VfioUserRegion(4096, Readable: true, Writable: true, null, 0, [])],
            SharesPageTable = true,
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

    public override void RegionRead(int region, ulong offset, Span<byte> data) =>
        BinaryPrimitives.WriteUInt64LittleEndian(data, offset == WrittenRegister ? Volatile.Read(ref _written) : 0);

    public override void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(data);
        switch (offset)
        {
            case StrideRegister:
                _stride = value;
                break;
            case CountRegister:
                Write(value);
                break;
            case WorkingSetRegister:
                _worker.Pause();
                _workingSetBytes = value;
                _worker.Resume();
                break;
        }
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

    private void Write(ulong count)
    {
        for (ulong i = 0; i < count; i++)
        {
            if (!Dma.TryWrite(new Iova(i * _stride * WriteBytes), _data))
            {
                throw new InvalidOperationException($"Page {i * _stride} can't be written.");
            }
        }
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
