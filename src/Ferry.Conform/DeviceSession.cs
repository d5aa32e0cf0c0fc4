using Ferry.Conform.Tracing;

namespace Ferry.Conform;

/// <summary>A connection that many checks share, since there are devices that end when their client goes; each check begins with a reset.</summary>
internal sealed class DeviceSession : IDisposable
{
    private readonly IDeviceUnderTest _connection;
    private DeviceAbilities? _abilities;

    private DeviceSession(IDeviceUnderTest connection, int ramBytes) =>
        (_connection, Trace, Memory) = (connection, new CommandTrace(connection.Opening), new MachineMemory(ramBytes));

    /// <summary>What was done on it: to set it up, and in the last scenario.</summary>
    public CommandTrace Trace { get; }

    /// <summary>The machine that the device sees.</summary>
    public MachineMemory Memory { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="DeviceFaultException">Nobody answers.</exception>
    public static DeviceSession Open(IDeviceConnector connector, int ramBytes) => new(connector.Connect(), ramBytes);

    /// <summary>The device for a check that has so much time.</summary>
    public TracedDevice ForCheck(TimeSpan time) => new(_connection, Trace, time);

    /// <summary>What the device claims, asked once; then the machine's memory is mapped for it.</summary>
    public DeviceAbilities SetUp(TracedDevice device)
    {
        if (_abilities is null)
        {
            var abilities = device.AskAbilities();
            Memory.MapFor(device);
            _abilities = abilities;
        }

        return _abilities;
    }

    public void Dispose()
    {
        _connection.Dispose();
        Memory.Dispose();
    }
}
