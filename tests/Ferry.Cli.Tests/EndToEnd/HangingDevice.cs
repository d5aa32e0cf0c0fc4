using Ferry.Linux.Vfio;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device that never answers a change of state: on the way to <paramref name="at"/>, or, where that is null, to run after it took its state.</summary>
internal sealed class HangingDevice(string socket, VfioDeviceState? at = null) : DeviceDouble(socket)
{
    private readonly ManualResetEventSlim _released = new();

    public override void SetState(VfioDeviceState next)
    {
        if (at is null ? State == VfioDeviceState.Stop && next is VfioDeviceState.Running or VfioDeviceState.RunningP2P : next == at)
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
