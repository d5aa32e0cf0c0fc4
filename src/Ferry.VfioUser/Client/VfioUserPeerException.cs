using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Client;

/// <summary>A peer has gone, did not answer in time, or broke the protocol while a command was under way.</summary>
/// <param name="peer">The socket's path.</param>
/// <param name="command">What was asked.</param>
/// <param name="reason">What happened, with the value and the limit.</param>
/// <param name="inner">What failed underneath.</param>
public sealed class VfioUserPeerException(string peer, VfioUserCommand command, string reason, Exception? inner = null)
    : IOException($"{peer}: {command}: {reason}", inner)
{
    /// <summary>The socket's path.</summary>
    public string Peer { get; } = peer;

    /// <summary>What was asked.</summary>
    public VfioUserCommand Command { get; } = command;
}
