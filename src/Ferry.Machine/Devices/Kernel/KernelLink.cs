using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine.Devices.Kernel;

/// <summary>A device of the kernel's VFIO drivers, in an address space that has all guest memory.</summary>
internal sealed class KernelLink : IDeviceLink
{
    private const int LastPciBar = 5;

    private readonly VfioDevice _device;
    private readonly KernelSpace _space;
    private readonly DmaSource _source;
    private readonly VfioMigration _migration;
    private readonly KernelInterrupts _interrupts;
    private readonly Dictionary<int, VfioRegion> _regions = [];
    private readonly List<MappedArea> _mapped = [];
    private string? _whyNoLog;

    private KernelLink(VfioDevice device, KernelSpace space, DmaSource source)
    {
        (_device, _space, _source) = (device, space, source);
        var info = device.GetInfo();
        for (var index = 0; index < info.RegionCount; index++)
        {
            if (TryGetRegion(device, index) is { LengthBytes: > 0 } region)
            {
                _regions.Add(index, region);
            }
        }

        Regions = [.. _regions.Values.Select(region => new DeviceRegion((int)region.Index, region.LengthBytes, IsWindow: !info.IsPci || region.Index <= LastPciBar))];
        _migration = new(device);
        _interrupts = KernelInterrupts.Enable(device, info);
    }

    /// <inheritdoc/>
    public string Name => _device.Name;

    /// <inheritdoc/>
    /// <remarks>What a driver of the kernel writes is that driver's own.</remarks>
    public string? StateFormat => "vfio";

    /// <inheritdoc/>
    /// <remarks>A device that was taken away refuses each call for itself.</remarks>
    public Exception? Failure => null;

    /// <inheritdoc/>
    public IReadOnlyList<DeviceRegion> Regions { get; }

    /// <inheritdoc/>
    public VfioMigrationFlags MigrationFlags => _migration.Flags;

    /// <summary>Takes a device that is attached to a space, and is closed with this.</summary>
    /// <exception cref="KernelCallException">It can't be asked what it has.</exception>
    public static KernelLink Take(VfioDevice device, KernelSpace space, DmaSource source)
    {
        try
        {
            return new(device, space, source);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(int region, ulong offsetBytes, Span<byte> data) => _device.Read(RegionOf(region), offsetBytes, data);

    /// <inheritdoc/>
    public void Write(int region, ulong offsetBytes, ReadOnlySpan<byte> data) => _device.Write(RegionOf(region), offsetBytes, data);

    /// <inheritdoc/>
    public IReadOnlyList<MappedArea> Map(int region)
    {
        var info = RegionOf(region);
        var areas = new List<MappedArea>();
        for (var part = 0; info is { CanRead: true, CanWrite: true } && part < info.Mappable.Count; part++)
        {
            areas.Add(new(info.Mappable[part].OffsetBytes, _device.Map(info, part)));
            _mapped.Add(areas[^1]);
        }

        return areas;
    }

    /// <inheritdoc/>
    public VfioDeviceState GetState() => _migration.State;

    /// <inheritdoc/>
    public void SetState(VfioDeviceState next) => _migration.SetState(next);

    /// <inheritdoc/>
    /// <remarks>The driver sees to it.</remarks>
    public void AllowDma()
    {
    }

    /// <inheritdoc/>
    /// <remarks>The driver sees to it.</remarks>
    public void ForbidDma()
    {
    }

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => _migration.EstimateStopCopyBytes();

    /// <inheritdoc/>
    public int ReadState(Span<byte> buffer) => _migration.Read(buffer);

    /// <inheritdoc/>
    public void WriteState(ReadOnlySpan<byte> data) => _migration.Write(data);

    /// <inheritdoc/>
    public ulong? CountInterrupts() => _interrupts.Count();

    /// <inheritdoc/>
    public IEnumerable<IDirtyTracker> CreateTrackers(DmaSource source) =>
        VfioDeviceTracker.TryCreate(_device, source, out var tracker, out _whyNoLog) ? [tracker] : [];

    /// <inheritdoc/>
    public string? WhyNoTracker(string name) => name switch
    {
        "vfio-device" => _whyNoLog,
        "type1" or "iommufd" => _space.WhyNoTracker(name, _source),
        "device" or "mediated" or "iotable" or "iotable-faults" => "it is a device of the kernel's, and no vfio-user device",
        _ => null,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _interrupts.Dispose();
        _migration.Dispose();
        _mapped.ForEach(area => area.Dispose());
        _device.Dispose();
    }

    private VfioRegion RegionOf(int index) =>
        _regions.TryGetValue(index, out var region) ? region : throw new ArgumentOutOfRangeException(nameof(index), index, $"{Name} has no such region.");

    // Which numbers stand for nothing differs between drivers: some give a length of 0, some refuse.
    private static VfioRegion? TryGetRegion(VfioDevice device, int index)
    {
        try
        {
            return device.GetRegion((uint)index);
        }
        catch (KernelCallException)
        {
            return null;
        }
    }
}
