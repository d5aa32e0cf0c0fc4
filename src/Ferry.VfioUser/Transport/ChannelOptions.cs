namespace Ferry.VfioUser.Transport;

/// <summary>The limits of one end of a connection.</summary>
/// <param name="MaxMessageBytes">The longest message that is taken, with its header.</param>
/// <param name="MaxDescriptors">The most descriptors that are taken with a message.</param>
/// <param name="MessageTimeout">How long one message may take from its first byte to its last, in either direction.</param>
internal sealed record ChannelOptions(int MaxMessageBytes, int MaxDescriptors, TimeSpan MessageTimeout);
