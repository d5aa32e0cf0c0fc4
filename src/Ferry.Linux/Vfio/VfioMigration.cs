namespace Ferry.Linux.Vfio;

/// <summary>The migration of a kernel device: its state, and the data session that belongs to it.</summary>
/// <remarks>The kernel gives a file with each state that opens a data session; it is kept until a state closes it. A device that fails an arc
/// may be anywhere on the way, so the kernel is asked where. What no state leads out of (ERROR) is left to whoever owns the device. One thread
/// at a time. Source: linux/vfio.h, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE.</remarks>
public sealed class VfioMigration : IDisposable
{
    private readonly string _name;
    private readonly IVfioMigrationCalls _calls;
    private IVfioMigrationSession? _session;

    /// <summary>Takes a device, which stays the caller's.</summary>
    /// <exception cref="KernelCallException">The kernel failed.</exception>
    public VfioMigration(VfioDevice device)
        : this((device ?? throw new ArgumentNullException(nameof(device))).Name, new VfioMigrationCalls(device))
    {
    }

    internal VfioMigration(string name, IVfioMigrationCalls calls)
    {
        (_name, _calls, Flags) = (name, calls, calls.GetMigrationFlags());
        State = Flags == VfioMigrationFlags.None ? VfioDeviceState.Running : calls.GetState();
    }

    /// <summary>What it supports; none where its driver has no migration.</summary>
    public VfioMigrationFlags Flags { get; }

    /// <summary>The state that it was last known to be in.</summary>
    public VfioDeviceState State { get; private set; }

    /// <summary>Asks how many bytes STOP_COPY will give, or null where it gives no estimate.</summary>
    public ulong? EstimateStopCopyBytes() => _calls.EstimateStopCopyBytes();

    /// <summary>Makes it take an arc or a combination of arcs; when it returns the device is there.</summary>
    /// <exception cref="KernelCallException">The device refused; <see cref="State"/> says where it is.</exception>
    public void SetState(VfioDeviceState next)
    {
        IVfioMigrationSession? opened = null;
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

    /// <summary>Reads state bytes; 0 where there are none now (pre-copy) or ever (stop-copy).</summary>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="KernelCallException">The device failed.</exception>
    public int Read(Span<byte> buffer) => Session().Read(buffer);

    /// <summary>Writes state bytes, all of them.</summary>
    /// <exception cref="InvalidOperationException">Its state opens no data session.</exception>
    /// <exception cref="KernelCallException">The device refused them.</exception>
    public void Write(ReadOnlySpan<byte> data) => Session().Write(data);

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

    private IVfioMigrationSession Session() => _session ?? throw new InvalidOperationException($"{_name} has no state bytes to move in {State}.");
}
