using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;

namespace Ferry.Migration.Devices;

/// <summary>A device of a kernel VFIO driver as the engine sees it, for whoever has a machine of his own.</summary>
/// <remarks>What no state leads out of (ERROR) is left to whoever owns the device.</remarks>
public sealed class KernelDevice : IMigratableDevice, IDisposable
{
    private readonly VfioMigration _migration;
    private readonly Func<bool>? _isAwaited;

    /// <summary>Takes a device that can migrate.</summary>
    /// <param name="id">The name in the machine file; the same on both sides.</param>
    /// <param name="kind">What it is; the same on both sides, for state bytes of another kind would be refused by the driver at the best.</param>
    /// <param name="device">The device; stays the caller's.</param>
    /// <param name="isAwaited">Whether a vCPU is held back that accessed the device while it was stopped; null where none ever is. From any thread.</param>
    /// <exception cref="NotSupportedException">It has no migration.</exception>
    /// <exception cref="Ferry.Linux.KernelCallException">The kernel failed.</exception>
    public KernelDevice(string id, string kind, VfioDevice device, Func<bool>? isAwaited = null)
    {
        (Id, Kind, _migration, _isAwaited) = (id, kind, new(device), isAwaited);
        if ((_migration.Flags & VfioMigrationFlags.StopCopy) == 0)
        {
            throw new NotSupportedException($"{id}: the driver of this {kind} has no migration.");
        }
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <inheritdoc/>
    public string Kind { get; }

    /// <summary>Always 0: drivers put versions into the state bytes, and check them.</summary>
    public uint Version => 0;

    /// <inheritdoc/>
    public VfioMigrationFlags Migration => _migration.Flags;

    /// <inheritdoc/>
    public VfioDeviceState State => _migration.State;

    /// <inheritdoc/>
    public bool IsAwaited => _isAwaited?.Invoke() == true;

    /// <summary>Always false: there is no virtual IOMMU before kernel devices.</summary>
    public bool IsBehindIommu => false;

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => _migration.EstimateStopCopyBytes();

    /// <inheritdoc/>
    /// <exception cref="Ferry.Linux.KernelCallException">The device refused; <see cref="State"/> says where it is.</exception>
    public void SetState(VfioDeviceState next) => _migration.SetState(next);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="Ferry.Linux.KernelCallException">The device failed.</exception>
    public int ReadData(Span<byte> buffer) => _migration.Read(buffer);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="Ferry.Linux.KernelCallException">The device refused them.</exception>
    public void WriteData(ReadOnlySpan<byte> data) => _migration.Write(data);

    /// <summary>Closes the data session, if there is one. The device stays as it is.</summary>
    public void Dispose() => _migration.Dispose();
}
