using Ferry.Conform.Tests.Devices;
using Ferry.Linux.Vfio;
using Ferry.VfioUser;

namespace Ferry.Conform.Tests.Defects;

/// <summary>Says that it has stopped a while before it does.</summary>
internal sealed class StopsLate(IVfioUserDevice inner) : DeviceWrapper(inner)
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(20);

    private Task? _stopping;

    public override VfioDeviceState State => _stopping is null ? base.State : VfioDeviceState.Stop;

    public override void SetState(VfioDeviceState next)
    {
        Await();
        if (State == VfioDeviceState.Running && next == VfioDeviceState.Stop)
        {
            _stopping = Task.Run(async () =>
            {
                await Task.Delay(Delay);
                base.SetState(next);
            });
            return;
        }

        base.SetState(next);
    }

    public override void Reset()
    {
        Await();
        base.Reset();
    }

    private void Await()
    {
        _stopping?.Wait();
        _stopping = null;
    }
}
