namespace Ferry.Linux.Sockets;

/// <summary>A peer sent more descriptors than were allowed, or control data that is none; all of them were closed.</summary>
/// <param name="message">What came, and the limit.</param>
public sealed class DescriptorLimitException(string message) : IOException(message);
