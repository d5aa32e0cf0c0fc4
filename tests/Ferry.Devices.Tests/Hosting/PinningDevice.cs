using Ferry.Devices.Dma;
using Ferry.Devices.Hosting;
using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Devices.Tests.Hosting;

/// <summary>A device that pins what it is told to write, writes it, and lets go of it.</summary>
internal sealed class PinningDevice : DeviceModel
{
    public PinningDevice()
        : base(new DeviceDescription
        {
            Model = "pinning",
            StateVersion = 1,
            Regions = [],
            InterruptCounts = [],
            Migration = VfioMigrationFlags.StopCopy,
            State = [new StateSection(1, 8, isPreCopy: false)],
            DmaLogPageSizes = [PageSize.Size4K, new PageSize(16 << 10)],
            DmaLogMode = DmaLogMode.Pinned,
        }) => Start();

    public override DeviceCounters Counters => default;

    public DmaWindows Memory => Dma;

    public void Write(Iova at)
    {
        if (!Dma.TryPin(at, 1, DmaAccess.Write) || !Dma.TryWrite(at, [1]))
        {
            throw new InvalidOperationException($"{at} can't be written.");
        }

        Dma.Unpin(at, 1, DmaAccess.Write);
    }

    public override void RegionRead(int region, ulong offset, Span<byte> data)
    {
    }

    public override void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
    }

    protected override void Run()
    {
    }

    protected override void AllowPeerDma(bool isAllowed)
    {
    }

    protected override void Quiesce()
    {
    }

    protected override void ResetState()
    {
    }

    protected override void SealState()
    {
    }

    protected override void ApplyState()
    {
    }
}
