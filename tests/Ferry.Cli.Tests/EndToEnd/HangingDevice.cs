using Ferry.Linux.Vfio;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device that takes its state and then does not come to run.</summary>
internal sealed class HangingDevice(string socket) : DeviceDouble(socket)
{
    private readonly ManualResetEventSlim _released = new();

    public override void SetState(VfioDeviceState next)
    {
        if (State == VfioDeviceState.Stop && next is VfioDeviceState.Running or VfioDeviceState.RunningP2P)
        {
            _released.Wait();
        }

        base.SetState(next);
    }

    public override async ValueTask DisposeAsync()
    {
        _released.Set();
        await base.DisposeAsync();
        _released.Dispose();
    }
}
