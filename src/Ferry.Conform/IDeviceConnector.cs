namespace Ferry.Conform;

/// <summary>Reaches one device, and again where a connection did not last.</summary>
public interface IDeviceConnector
{
    /// <summary>What is checked, for reports.</summary>
    string Name { get; }

    /// <summary>Connects.</summary>
    /// <exception cref="DeviceFaultException">Nobody answers there.</exception>
    IDeviceUnderTest Connect();

    /// <summary>How the device ended whose connection has; null where it is not known to have ended, and may be asked again.</summary>
    string? DescribeLoss();
}
