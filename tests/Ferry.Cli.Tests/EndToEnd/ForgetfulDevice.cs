using Ferry.Linux.Vfio;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device that takes state and forgets it: it comes out of RESUMING as if it had been switched on just now.</summary>
internal sealed class ForgetfulDevice(string socket) : DeviceDouble(socket)
{
    private bool _isResuming;

    public override VfioDeviceState State => _isResuming ? VfioDeviceState.Resuming : base.State;

    public override void SetState(VfioDeviceState next)
    {
        _isResuming = next == VfioDeviceState.Resuming;
        base.SetState(_isResuming ? VfioDeviceState.Stop : next);
    }

    public override void WriteMigrationData(ReadOnlySpan<byte> data)
    {
        // Forgotten.
    }
}
