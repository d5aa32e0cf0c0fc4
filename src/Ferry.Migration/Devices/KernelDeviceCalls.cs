using Ferry.Linux.Vfio;

namespace Ferry.Migration.Devices;

/// <summary>The real calls.</summary>
internal sealed class KernelDeviceCalls(VfioDevice device) : IKernelDeviceCalls
{
    public VfioMigrationFlags GetMigrationFlags() => device.GetMigrationFlags();

    public VfioDeviceState GetState() => device.GetState();

    public IKernelDeviceSession? SetState(VfioDeviceState next) => device.SetState(next) is { } data ? new Session(data) : null;

    public ulong? EstimateStopCopyBytes() => device.EstimateStopCopyBytes();

    private sealed class Session(VfioMigrationData data) : IKernelDeviceSession
    {
        public int Read(Span<byte> buffer) => data.Read(buffer);

        public void Write(ReadOnlySpan<byte> bytes) => data.Write(bytes);

        public void Dispose() => data.Dispose();
    }
}
