using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Server;

/// <summary>How a server treats its clients.</summary>
public sealed record VfioUserServerOptions
{
    /// <summary>What it takes; told to the client in VERSION.</summary>
    public VfioUserCapabilities Capabilities { get; init; } = VfioUserCapabilities.Own;

    /// <summary>How long a client may take from connecting to its VERSION message.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long one message may take from its first byte to its last.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may take to answer a DMA message.</summary>
    public TimeSpan DmaTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Told of every error that was answered or that ended a connection, on the server's thread.</summary>
    public Action<Exception>? OnError { get; init; }

    /// <summary>Called on the server's thread when a client has gone and all that it gave was taken back, before the next one is served.</summary>
    public Action? OnClientGone { get; init; }
}
