using Ferry.Linux.Vfio;
using Ferry.Machine.Devices;
using Ferry.Migration.Contracts;

namespace Ferry.Cli.Hosting;

/// <summary>A machine's vfio-user device as the engine sees it.</summary>
/// <param name="device">The device; stays the machine's.</param>
internal sealed class ClientDevice(AttachedDevice device) : IMigratableDevice
{
    /// <inheritdoc/>
    public string Id => device.Device.Id;

    /// <inheritdoc/>
    public string Kind => device.Device.Kind;

    /// <inheritdoc/>
    public uint Version => device.Version;

    /// <inheritdoc/>
    public VfioMigrationFlags Migration { get; } = device.Client.GetMigrationFlags();

    /// <inheritdoc/>
    public bool IsBehindIommu => device.Iommu is not null;

    /// <inheritdoc/>
    public VfioDeviceState State => device.Failure is null ? device.State : VfioDeviceState.Error;

    /// <inheritdoc/>
    public bool IsAwaited => device.IsAwaited;

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => device.Client.EstimateStopCopyBytes();

    /// <inheritdoc/>
    public void SetState(VfioDeviceState next) => device.SetState(next);

    /// <inheritdoc/>
    public int ReadData(Span<byte> buffer) => device.Client.ReadMigrationData(buffer);

    /// <inheritdoc/>
    public void WriteData(ReadOnlySpan<byte> data) => device.Client.WriteMigrationData(data);
}
