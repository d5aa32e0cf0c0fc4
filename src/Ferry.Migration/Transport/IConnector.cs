namespace Ferry.Migration.Transport;

/// <summary>Makes connections to one destination.</summary>
public interface IConnector
{
    /// <summary>Where it connects to, for messages.</summary>
    string Peer { get; }

    /// <summary>Makes a connection.</summary>
    /// <exception cref="IOException">Nobody listens there, or the call failed.</exception>
    /// <exception cref="TimeoutException">Nobody answered in time.</exception>
    IConnection Connect();
}
