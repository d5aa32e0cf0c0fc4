using System.Buffers.Binary;
using Ferry.Devices.Models;
using Ferry.Linux.Memory;
using Ferry.Linux.Sockets;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;

namespace Ferry.Fuzz;

/// <summary>A vfio-user server that serves an rnic to a hostile client: whole messages, one after the other. A message whose id is odd
/// brings a descriptor of guest memory.</summary>
internal sealed class VfioUserServerTarget : IFuzzTarget
{
    private const int MostMessages = 64;
    private const int GuestBytes = 65536;
    private static readonly RnicOptions Options = new() { MessageBytes = 64, DeviceStateBytes = 256 };
    private static readonly VfioUserCapabilities Limits = VfioUserCapabilities.Own with { MaxDataTransferBytes = 65536, MaxBitmapBytes = 4096 };

    /// <inheritdoc/>
    public string Name => "vfio-user-server";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        using var device = new Rnic(Options);
        using var guest = MemoryFile.Create("fuzz-guest", GuestBytes);
        using var dispatcher = new CommandDispatcher(device, Limits, null);
        try
        {
            for (var i = 0; i < MostMessages && input.Length >= MessageHeader.Bytes; i++)
            {
                var header = MessageHeader.Read(input, Limits.MaxMessageBytes);
                var payload = input[MessageHeader.Bytes..Math.Min(header.SizeBytes, input.Length)];
                input = input[(MessageHeader.Bytes + payload.Length)..];
                Handle(dispatcher, header, payload, guest);
            }
        }
        catch (VfioUserProtocolException)
        {
            // What a connection ends with.
        }

        dispatcher.End(null);
    }

    private static void Handle(CommandDispatcher dispatcher, MessageHeader header, ReadOnlySpan<byte> payload, MemoryFile guest)
    {
        if (header.Command == VfioUserCommand.Version)
        {
            VersionMessage.Read(payload);
            return;
        }

        var (sender, receiver) = UnixSocket.CreatePair();
        using var descriptors = new DescriptorList(1);
        using (sender)
        using (receiver)
        {
            if (header.Id % 2 == 1)
            {
                sender.Send([0], default, [guest.Handle], Timeout.InfiniteTimeSpan);
                receiver.Receive(stackalloc byte[1], descriptors, Timeout.InfiniteTimeSpan);
            }
        }

        var errno = dispatcher.Handle(header.Command, payload, descriptors);
        if (errno < 0 || (errno > 0 && dispatcher.Reply.Length > 0) || dispatcher.Reply.Length > Limits.MaxMessageBytes)
        {
            throw new InvalidOperationException($"{header.Command}: errno {errno} with {dispatcher.Reply.Length} bytes of reply.");
        }

        if (header.Command == VfioUserCommand.RegionWrite && errno == 0 && BinaryPrimitives.ReadUInt32LittleEndian(dispatcher.Reply.Payload[12..]) > payload.Length)
        {
            throw new InvalidOperationException($"{payload.Length} bytes wrote more.");
        }
    }
}
