using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Transport;

/// <summary>The reply to a request, valid until disposed. Descriptors that nobody took are closed then.</summary>
internal readonly ref struct ReplyLease(MessageChannel channel, RequestSlot slot)
{
    internal ReadOnlySpan<byte> Payload => slot.Buffer.AsSpan(0, slot.Reply.PayloadBytes);

    internal DescriptorList Descriptors => slot.Descriptors;

    internal PayloadReader Reader => new(Payload, slot.Command);

    public void Dispose() => channel.Release(slot);
}
