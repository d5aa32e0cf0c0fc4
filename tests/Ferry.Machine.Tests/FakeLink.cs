using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Machine.Devices;
using Ferry.Tracking;

namespace Ferry.Machine.Tests;

/// <summary>A device whose regions are memory, and that fails where it is told to: what no device at hand does on demand.</summary>
internal sealed class FakeLink(params (int Index, ulong LengthBytes, bool IsWindow)[] regions) : IDeviceLink
{
    private readonly Dictionary<(int, ulong), byte> _bytes = [];

    public string Name => "a device that is none";

    public string? StateFormat => "vfio";

    public Exception? Failure { get; set; }

    public IReadOnlyList<DeviceRegion> Regions { get; } = [.. regions.Select(region => new DeviceRegion(region.Index, region.LengthBytes, region.IsWindow))];

    public VfioMigrationFlags MigrationFlags => VfioMigrationFlags.StopCopy;

    public List<MappedArea> Areas { get; } = [];

    public VfioDeviceState State { get; set; } = VfioDeviceState.Running;

    public VfioDeviceState? FailsInto { get; set; }

    public bool IsDisposed { get; private set; }

    public void Read(int region, ulong offsetBytes, Span<byte> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            data[i] = _bytes.GetValueOrDefault((region, offsetBytes + (ulong)i));
        }
    }

    public void Write(int region, ulong offsetBytes, ReadOnlySpan<byte> data)
    {
        for (var i = 0; i < data.Length; i++)
        {
            _bytes[(region, offsetBytes + (ulong)i)] = data[i];
        }
    }

    public IReadOnlyList<MappedArea> Map(int region) => region == 0 ? Areas : [];

    public VfioDeviceState GetState() => State;

    public void SetState(VfioDeviceState next)
    {
        if (FailsInto is { } state)
        {
            State = state;
            throw new KernelCallException("ioctl(test)", 5, "arc");
        }

        State = next;
    }

    public void AllowDma()
    {
    }

    public void ForbidDma()
    {
    }

    public ulong? EstimateStopCopyBytes() => null;

    public int ReadState(Span<byte> buffer) => 0;

    public void WriteState(ReadOnlySpan<byte> data)
    {
    }

    public ulong? CountInterrupts() => 0;

    public IEnumerable<IDirtyTracker> CreateTrackers(DmaSource source) => [];

    public string? WhyNoTracker(string name) => null;

    public void Dispose() => IsDisposed = true;
}
