using Ferry.Migration.Execution;
using Ferry.Migration.Wire;

namespace Ferry.Fuzz;

/// <summary>An opening and control frames, as either side reads them.</summary>
/// <remarks>Checksums are made right first, so that what lies behind them is reached.</remarks>
internal sealed class StreamControlTarget : IFuzzTarget
{
    /// <inheritdoc/>
    public string Name => "stream-control";

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<byte> input)
    {
        Read(input);
        Read(StreamChecksums.Mend(input));
    }

    private static void Read(ReadOnlySpan<byte> input)
    {
        try
        {
            _ = Opening.Parse(input[..Math.Min(input.Length, Opening.LengthBytes)]);
            using var control = new ControlChannel(EngineHost.Real, new BytesConnection(input[Opening.LengthBytes..].ToArray()), TimeSpan.FromSeconds(5), CancellationToken.None);
            while (control.TryReceive(TimeSpan.Zero, out var kind))
            {
                ReadFields(kind, control.Received);
            }
        }
        catch (Exception e) when (e is StreamProtocolException or EndOfStreamException)
        {
            // Refused, with the reason.
        }
    }

    private static void ReadFields(ControlKind kind, ReadOnlySpan<byte> payload)
    {
        var reader = new FrameReader(kind, payload);
        switch (kind)
        {
            case ControlKind.Describe: _ = MachineDescription.Parse(payload); break;
            case ControlKind.DeviceData: _ = reader.UInt32(); _ = reader.Rest(); break;
            case ControlKind.DeviceEnd: _ = reader.UInt32(); _ = reader.UInt64(); _ = reader.UInt64(); break;
            case ControlKind.AheadEnd: _ = reader.UInt64(); _ = reader.UInt64(); break;
            case ControlKind.Prepare: _ = reader.Byte(); _ = reader.UInt64(); break;
            case ControlKind.RoundAck: _ = reader.UInt16(); _ = reader.UInt32(); _ = reader.UInt64(); break;
            case ControlKind.Accept: _ = reader.UInt128(); break;
            case ControlKind.Running: _ = RunningAccount.Parse(payload); break;
            case ControlKind.Failed or ControlKind.State: _ = reader.Byte(); _ = reader.Text(); break;
            default: _ = reader.Text(); break;
        }
    }
}
