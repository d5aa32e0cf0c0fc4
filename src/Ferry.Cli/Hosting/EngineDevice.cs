using Ferry.Linux.Vfio;
using Ferry.Machine.Devices;
using Ferry.Migration.Contracts;

namespace Ferry.Cli.Hosting;

/// <summary>A machine's device as the engine sees it.</summary>
/// <param name="device">The device; stays the machine's.</param>
internal sealed class EngineDevice(AttachedDevice device) : IMigratableDevice
{
    /// <inheritdoc/>
    public string Id => device.Device.Id;

    /// <inheritdoc/>
    public string Kind => device.StateKind;

    /// <inheritdoc/>
    public uint Version => device.Version;

    /// <inheritdoc/>
    public VfioMigrationFlags Migration => device.MigrationFlags;

    /// <inheritdoc/>
    public bool IsBehindIommu => device.Iommu is not null;

    /// <inheritdoc/>
    public VfioDeviceState State => device.Failure is null ? device.State : VfioDeviceState.Error;

    /// <inheritdoc/>
    public bool IsAwaited => device.IsAwaited;

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => device.EstimateStopCopyBytes();

    /// <inheritdoc/>
    public void SetState(VfioDeviceState next) => device.SetState(next);

    /// <inheritdoc/>
    public int ReadData(Span<byte> buffer) => device.ReadState(buffer);

    /// <inheritdoc/>
    public void WriteData(ReadOnlySpan<byte> data) => device.WriteState(data);
}
