using Ferry.Linux.Vfio;

namespace Ferry.Conform.Checks;

// The data channel.
internal sealed partial class CheckContext
{
    private const int ReadBytes = 256 << 10;
    private const int PreCopyRounds = 4;
    private const int PreCopySlackBytes = 1 << 20;

    private readonly byte[] _buffer = new byte[ReadBytes];
    private byte[]? _stream;

    /// <summary>What the last read of <see cref="ReadData"/> gave.</summary>
    public DataRead LastRead { get; private set; }

    /// <summary>So many bytes an idle device may give in pre-copy before it has to say that nothing is left: its state several times over.</summary>
    public int PreCopyLimitBytes => (int)Math.Min(((long)PreCopyRounds * Stream.Length) + PreCopySlackBytes, int.MaxValue);

    /// <summary>A whole stream of this device; <see cref="PrepareStream"/> saves it.</summary>
    public byte[] Stream => _stream ?? throw new InvalidOperationException("No stream was prepared.");

    /// <summary>Saves a stream to load later, in a scenario of its own.</summary>
    public void PrepareStream(bool withWork = false)
    {
        Begin("save a whole stream");
        if (withWork && HasStimulus)
        {
            BeginStimulus();
            Work(WorkPieces);
        }

        Go(VfioDeviceState.StopCopy);
        _stream = ReadToEnd();
    }

    /// <summary>Reads in STOP_COPY until the device says that there is no more.</summary>
    public byte[] ReadToEnd() => ReadData(int.MaxValue, _buffer.Length);

    /// <summary>Reads until nothing is there or <paramref name="limitBytes"/> were read, <paramref name="pieceBytes"/> at a time.</summary>
    public byte[] ReadData(int limitBytes, int pieceBytes)
    {
        using var all = new MemoryStream();
        while (all.Length < limitBytes)
        {
            LastRead = Device.ReadData(_buffer.AsSpan(0, (int)Math.Min(Math.Min(pieceBytes, _buffer.Length), limitBytes - all.Length)));
            var read = LastRead.Bytes;
            if (read == 0)
            {
                break;
            }

            if (all.Length + read > options.MaxStateBytes)
            {
                throw new NotApplicableException(FormattableString.Invariant($"the device gave more than {options.MaxStateBytes} bytes of state, which is more than is held to compare"));
            }

            all.Write(_buffer.AsSpan(0, read));
        }

        return all.ToArray();
    }

    /// <summary>Whether a state is one of the saving states, which share a data session.</summary>
    public static bool IsSaving(VfioDeviceState state) => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy;

    /// <summary>Whether the data channel gives state bytes. The file of a session that has ended may say that nothing is left.</summary>
    public bool GivesData()
    {
        var bytes = 0;
        return !IsRefused(() => bytes = ReadData(1, 1).Length) && (bytes > 0 || !Abilities.TellsSessions);
    }

    /// <summary>Whether the data channel takes state bytes.</summary>
    public bool TakesData(ReadOnlyMemory<byte> data) => !IsRefused(() => Load(data.Span));

    /// <summary>Begins RESUMING on a device that is as new.</summary>
    public void BeginResume(string scenario)
    {
        Begin(scenario);
        Go(VfioDeviceState.Resuming);
    }

    /// <summary>Writes a stream, <paramref name="pieceBytes"/> at a time.</summary>
    public void Load(ReadOnlySpan<byte> stream, int pieceBytes = ReadBytes)
    {
        while (!stream.IsEmpty)
        {
            var piece = stream[..Math.Min(pieceBytes, stream.Length)];
            Device.WriteData(piece);
            stream = stream[piece.Length..];
        }
    }

    /// <summary>Offers a stream that must not be taken: whole or in part, in the writing or at the end.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="next">Where the device is told to go with it.</param>
    public void RequireRejected(ReadOnlySpan<byte> stream, string what, VfioDeviceState next = VfioDeviceState.Stop)
    {
        try
        {
            Load(stream);
        }
        catch (CommandRefusedException)
        {
            // Early is well, as long as the end is refused too.
        }

        Require(IsRefused(() => Device.SetState(next)), $"{what} was accepted: RESUMING -> {VfioMigrationNames.Of(next)} succeeded");
        var state = Device.GetState();
        Require(
            state is VfioDeviceState.Error or VfioDeviceState.Resuming,
            $"{what} was refused, and then the device is in {VfioMigrationNames.Of(state)}, neither in ERROR nor in RESUMING");
    }

    /// <summary>Fails where two streams differ.</summary>
    public static void RequireSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> found, string what)
    {
        var common = expected.CommonPrefixLength(found);
        Require(
            common == expected.Length && common == found.Length,
            FormattableString.Invariant($"{what}: {found.Length} bytes where {expected.Length} are expected, the first difference at {common}"));
    }
}
