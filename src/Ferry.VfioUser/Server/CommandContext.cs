using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Transport;

namespace Ferry.VfioUser.Server;

/// <summary>A command while it is handled: what it says, what came with it, and the reply that is being made.</summary>
internal readonly ref struct CommandContext(VfioUserCommand command, ReadOnlySpan<byte> payload, DescriptorList descriptors, ReplyBuffer reply)
{
    internal VfioUserCommand Command { get; } = command;

    internal ReadOnlySpan<byte> Payload { get; } = payload;

    internal DescriptorList Descriptors { get; } = descriptors;

    internal ReplyBuffer Reply { get; } = reply;

    internal PayloadReader Reader => new(Payload, Command);

    /// <exception cref="VfioUserException">EINVAL, where <paramref name="holds"/> is false.</exception>
    internal void Require(bool holds, string what, ulong value, ulong limit)
    {
        if (!holds)
        {
            throw new VfioUserException(Errno.Invalid, $"{Command}: {what}: {value} against {limit}.");
        }
    }
}
