namespace Ferry.Migration.Transport;

/// <summary>Takes connections from sources.</summary>
public interface IConnectionListener
{
    /// <summary>Where it listens, for messages.</summary>
    string Address { get; }

    /// <summary>Waits for a connection.</summary>
    /// <returns>Null where none came within <paramref name="timeout"/>.</returns>
    IConnection? Accept(TimeSpan timeout);
}
