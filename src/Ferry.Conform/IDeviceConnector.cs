namespace Ferry.Conform;

/// <summary>Reaches one device, again and again: each check has a connection of its own.</summary>
public interface IDeviceConnector
{
    /// <summary>What is checked, for reports.</summary>
    string Name { get; }

    /// <summary>Connects; the device is as new to this connection, or can be reset.</summary>
    /// <exception cref="DeviceFaultException">Nobody answers there.</exception>
    IDeviceUnderTest Connect();

    /// <summary>What is known about a device that has gone, such as how its process ended; null where nothing is.</summary>
    string? DescribeLoss();
}
