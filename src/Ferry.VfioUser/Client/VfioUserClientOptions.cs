using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Client;

/// <summary>How a client treats its device.</summary>
public sealed record VfioUserClientOptions
{
    /// <summary>What it takes; told to the server in VERSION.</summary>
    public VfioUserCapabilities Capabilities { get; init; } = VfioUserCapabilities.Own;

    /// <summary>How long to wait for the server to listen; zero tries once.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a server may take to answer a request.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one message may take from its first byte to its last.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Performs DMA by messages; null refuses it.</summary>
    public IDmaHandler? DmaHandler { get; init; }
}
