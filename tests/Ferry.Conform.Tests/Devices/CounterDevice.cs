using Ferry.Devices.Hosting;
using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;

namespace Ferry.Conform.Tests.Devices;

/// <summary>A device with state and no DMA, whose state can be made to misbehave.</summary>
internal sealed class CounterDevice : DeviceModel
{
    private readonly StateSection _table;
    private readonly StateSection _counters;
    private readonly bool _countsSaves;
    private byte _saves;

    /// <param name="countsSaves">Whether its state tells how often it was saved since it ran or was loaded.</param>
    public CounterDevice(bool countsSaves)
        : this(countsSaves, new StateSection(1, 4 * StateSection.ChunkBytes, isPreCopy: true), new StateSection(2, 64, isPreCopy: false))
    {
    }

    private CounterDevice(bool countsSaves, StateSection table, StateSection counters)
        : base(new DeviceDescription
        {
            Model = "counter",
            StateVersion = 1,
            Regions = [new(4096, Readable: true, Writable: true, File: null, 0, [])],
            InterruptCounts = [1],
            Migration = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy,
            State = [table, counters],
            DmaLogPageSizes = [],
        })
    {
        (_countsSaves, _table, _counters) = (countsSaves, table, counters);
        Start();
    }

    public override DeviceCounters Counters => new(State, true, false, 0, 0, 0, 0, false);

    /// <summary>Changes the table while its changes are sent.</summary>
    public void Stir()
    {
        if (State is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P)
        {
            _table.MarkChanged(0, 1);
        }
    }

    public override void RegionRead(int region, ulong offset, Span<byte> data) => data.Clear();

    public override void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
    }

    protected override void Run() => _saves = 0;

    protected override void AllowPeerDma(bool isAllowed)
    {
    }

    protected override void Quiesce()
    {
    }

    protected override void ResetState()
    {
        _table.Bytes.Clear();
        _counters.Bytes.Clear();
    }

    protected override void SealState() => _counters.Bytes[0] = _countsSaves ? _saves++ : (byte)0;

    protected override void ApplyState() => _saves = 0;
}
