using System.Buffers.Binary;
using Ferry.Linux.Sockets;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;

namespace Ferry.Fuzz;

/// <summary>A vfio-user client against a hostile server: each request is answered by the next piece of the input.</summary>
/// <remarks>A piece is: kind u8 (modulo 4: reply, error, a command before the reply, raw bytes), length u16, and the bytes. The first
/// piece answers VERSION. When the input ends, the server hangs up.</remarks>
internal sealed class VfioUserClientTarget : IFuzzTarget
{
    private const int PieceHeadBytes = 3;
    private static readonly IovaRange Range = new(new Iova(0), 1 << 20);
    private static readonly VfioUserClientOptions Options = new()
    {
        RequestTimeout = TimeSpan.FromMilliseconds(20),
        MessageTimeout = TimeSpan.FromMilliseconds(20),
        DmaHandler = new Zeros(),
    };

    /// <inheritdoc/>
    public string Name => "vfio-user-client";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        var (mine, theirs) = UnixSocket.CreatePair();
        var bytes = input.ToArray();
        var server = new Thread(() => Serve(theirs, bytes));
        server.Start();
        try
        {
            using var client = VfioUserClient.Attach(mine, Options);
            using var bitmap = new DirtyBitmap(Range, PageSize.Size4K);
            Action[] requests =
            [
                () => client.GetInfo(),
                () => client.MapRegion(0).Dispose(),
                () => client.GetInterruptCount(0),
                () => client.MapDma(Range, 0, true, true, null),
                () => client.RegionRead(0, 0, new byte[8]),
                () => client.RegionWrite(0, 0, new byte[8]),
                () => client.RegionWriteMultiple([new(0, 0, 4, 1)]),
                () => client.GetMigrationFlags(),
                () => client.SetState(VfioDeviceState.StopCopy),
                () => client.ReadMigrationData(new byte[64]),
                () => client.StartDmaLog([Range], PageSize.Size4K),
                () => client.ReportDmaLog(Range, PageSize.Size4K, bitmap),
                () => client.UnmapDma(Range, PageSize.Size4K, bitmap),
            ];
            foreach (var request in requests)
            {
                Try(request);
            }
        }
        catch (IOException)
        {
            // No version was agreed on.
        }

        server.Join();
    }

    private static void Try(Action request)
    {
        try
        {
            request();
        }
        catch (IOException)
        {
            // Refused, malformed or gone: all that a request may throw.
        }
    }

    private static void Serve(UnixSocket socket, ReadOnlySpan<byte> input)
    {
        using var _ = socket;
        var header = new byte[MessageHeader.Bytes];
        using var descriptors = new DescriptorList(1);
        try
        {
            while (input.Length >= PieceHeadBytes && socket.Receive(header, descriptors, Options.RequestTimeout))
            {
                var request = MessageHeader.Read(header, int.MaxValue);
                socket.Receive(new byte[request.PayloadBytes], null, Options.RequestTimeout);
                var kind = input[0] % 4;
                var length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(input[1..]), input.Length - PieceHeadBytes);
                Answer(socket, request, kind, input.Slice(PieceHeadBytes, length));
                input = input[(PieceHeadBytes + length)..];
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // The client has hung up.
        }
    }

    private static void Answer(UnixSocket socket, MessageHeader request, int kind, ReadOnlySpan<byte> bytes)
    {
        switch (kind)
        {
            case 0:
                Send(socket, request with { Flags = MessageHeader.TypeReply, ErrorNumber = 0 }, bytes);
                break;
            case 1:
                Send(socket, request with { Flags = MessageHeader.TypeReply | MessageHeader.FlagError, ErrorNumber = bytes.Length }, default);
                break;
            case 2:
                var command = (VfioUserCommand)(bytes.IsEmpty ? 0 : bytes[0]);
                Send(socket, new MessageHeader(1, command, 0, 0, 0), bytes.IsEmpty ? bytes : bytes[1..]);
                Send(socket, request with { Flags = MessageHeader.TypeReply, ErrorNumber = 0 }, default);
                break;
            default:
                socket.Send(bytes, default, [], Options.RequestTimeout);
                break;
        }
    }

    private static void Send(UnixSocket socket, MessageHeader header, ReadOnlySpan<byte> payload)
    {
        var head = new byte[MessageHeader.Bytes];
        (header with { SizeBytes = MessageHeader.Bytes + payload.Length }).Write(head);
        socket.Send(head, payload, [], Options.RequestTimeout);
    }

    private sealed class Zeros : IDmaHandler
    {
        public bool TryRead(Iova start, Span<byte> data)
        {
            data.Clear();
            return true;
        }

        public bool TryWrite(Iova start, ReadOnlySpan<byte> data) => true;
    }
}
