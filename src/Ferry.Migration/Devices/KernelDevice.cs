using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;

namespace Ferry.Migration.Devices;

/// <summary>A device of a kernel VFIO driver as the engine sees it.</summary>
/// <remarks>The kernel gives a file with each state that opens a data session; it is kept until a state closes it. A device that fails an arc
/// may be anywhere on the way, so the kernel is asked where. What no state leads out of (ERROR) is left to whoever owns the device.
/// Source: linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE.</remarks>
public sealed class KernelDevice : IMigratableDevice, IDisposable
{
    private readonly IKernelDeviceCalls _calls;
    private IKernelDeviceSession? _session;

    /// <summary>Takes a device that can migrate.</summary>
    /// <param name="id">The name in the machine file; the same on both sides.</param>
    /// <param name="kind">What it is; the same on both sides, for state bytes of another kind would be refused by the driver at the best.</param>
    /// <param name="device">The device; stays the caller's.</param>
    /// <exception cref="NotSupportedException">It has no migration.</exception>
    /// <exception cref="KernelCallException">The kernel failed.</exception>
    public KernelDevice(string id, string kind, VfioDevice device)
        : this(id, kind, new KernelDeviceCalls(device))
    {
    }

    internal KernelDevice(string id, string kind, IKernelDeviceCalls calls)
    {
        (Id, Kind, _calls, Migration) = (id, kind, calls, calls.GetMigrationFlags());
        if ((Migration & VfioMigrationFlags.StopCopy) == 0)
        {
            throw new NotSupportedException($"{id}: the driver of this {kind} has no migration.");
        }

        State = calls.GetState();
    }

    /// <inheritdoc/>
    public string Id { get; }

    /// <inheritdoc/>
    public string Kind { get; }

    /// <summary>Always 0: drivers put versions into the state bytes, and check them.</summary>
    public uint Version => 0;

    /// <inheritdoc/>
    public VfioMigrationFlags Migration { get; }

    /// <inheritdoc/>
    public VfioDeviceState State { get; private set; }

    /// <summary>Always false: nothing holds back who accesses a kernel device that is stopped.</summary>
    public bool IsAwaited => false;

    /// <summary>Always false: there is no virtual IOMMU before kernel devices.</summary>
    public bool IsBehindIommu => false;

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => _calls.EstimateStopCopyBytes();

    /// <inheritdoc/>
    /// <exception cref="KernelCallException">The device refused; <see cref="State"/> says where it is.</exception>
    public void SetState(VfioDeviceState next)
    {
        IKernelDeviceSession? opened = null;
        try
        {
            opened = _calls.SetState(next);
            State = next;
        }
        catch (KernelCallException)
        {
            State = AskState();
            throw;
        }
        finally
        {
            if (opened is not null || !HoldsSession(State))
            {
                _session?.Dispose();
                _session = opened;
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="KernelCallException">The device failed.</exception>
    public int ReadData(Span<byte> buffer) => Session().Read(buffer);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="KernelCallException">The device refused them.</exception>
    public void WriteData(ReadOnlySpan<byte> data) => Session().Write(data);

    /// <summary>Closes the data session, if there is one. The device stays as it is.</summary>
    public void Dispose()
    {
        _session?.Dispose();
        _session = null;
    }

    private static bool HoldsSession(VfioDeviceState state) =>
        state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy or VfioDeviceState.Resuming;

    private VfioDeviceState AskState()
    {
        try
        {
            return _calls.GetState();
        }
        catch (KernelCallException)
        {
            return VfioDeviceState.Error;
        }
    }

    private IKernelDeviceSession Session() => _session ?? throw new InvalidOperationException($"{Id} has no state bytes to move in {State}.");
}
