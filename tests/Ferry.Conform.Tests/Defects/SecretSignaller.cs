using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;
using Microsoft.Win32.SafeHandles;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Raises its interrupt all the time while it is in STOP_COPY.</summary>
internal sealed class SecretSignaller : DeviceWrapper
{
    private readonly Lock _gate = new();
    private readonly Thread _signaller;
    private EventFile? _event;
    private volatile bool _isDisposed;

    public SecretSignaller(IVfioUserDevice inner)
        : base(inner)
    {
        _signaller = new Thread(Signal) { IsBackground = true };
        _signaller.Start();
    }

    public override void SetInterrupts(int index, int start, IReadOnlyList<SafeFileHandle?> events)
    {
        lock (_gate)
        {
            // The device closes it, when it gets another or none.
            _event = events is [{ } handle] ? new EventFile(handle) : null;
            base.SetInterrupts(index, start, events);
        }
    }

    public override void Dispose()
    {
        _isDisposed = true;
        _signaller.Join();
        base.Dispose();
    }

    private void Signal()
    {
        for (; !_isDisposed; Thread.Sleep(1))
        {
            lock (_gate)
            {
                if (State == VfioDeviceState.StopCopy)
                {
                    _event?.Signal();
                }
            }
        }
    }
}
