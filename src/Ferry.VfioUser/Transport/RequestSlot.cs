using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;

namespace Ferry.VfioUser.Transport;

/// <summary>One request under way: its id, and the buffer that its reply goes into. The channel's lock guards it.</summary>
internal sealed class RequestSlot(int index, int maxDescriptors)
{
    private ushort _generation;

    internal enum Phase
    {
        Free,
        Pending,
        Filling,
        Done,
        Abandoned,
    }

    internal int Index { get; } = index;

    internal Phase State { get; set; }

    internal ushort Id { get; private set; }

    internal VfioUserCommand Command { get; private set; }

    internal byte[] Buffer { get; private set; } = [];

    internal int MaxReplyBytes { get; private set; }

    internal MessageHeader Reply { get; set; }

    internal DescriptorList Descriptors { get; } = new(maxDescriptors);

    /// <summary>Makes it a request with an id that its last <see cref="MessageChannel.SlotCount"/>-fold uses did not have.</summary>
    internal void Begin(VfioUserCommand command, int maxReplyBytes)
    {
        _generation++;
        Id = (ushort)((_generation * MessageChannel.SlotCount) + Index);
        (Command, MaxReplyBytes, State) = (command, maxReplyBytes, Phase.Pending);
        if (Buffer.Length < maxReplyBytes)
        {
            Buffer = GC.AllocateUninitializedArray<byte>(Math.Max(maxReplyBytes, MessageChannel.SmallReplyBytes));
        }
    }

    internal void End()
    {
        Descriptors.Clear();
        State = Phase.Free;
    }
}
