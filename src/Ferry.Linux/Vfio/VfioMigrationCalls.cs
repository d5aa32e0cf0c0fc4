namespace Ferry.Linux.Vfio;

/// <summary>The real calls.</summary>
internal sealed class VfioMigrationCalls(VfioDevice device) : IVfioMigrationCalls
{
    public VfioMigrationFlags GetMigrationFlags() => device.GetMigrationFlags();

    public VfioDeviceState GetState() => device.GetState();

    public IVfioMigrationSession? SetState(VfioDeviceState next) => device.SetState(next) is { } data ? new Session(data) : null;

    public ulong? EstimateStopCopyBytes() => device.EstimateStopCopyBytes();

    private sealed class Session(VfioMigrationData data) : IVfioMigrationSession
    {
        public int Read(Span<byte> buffer) => data.Read(buffer);

        public void Write(ReadOnlySpan<byte> bytes) => data.Write(bytes);

        public void Dispose() => data.Dispose();
    }
}
