using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>The source's end of a control connection: opens it, and waits for answers without waiting for ever.</summary>
internal sealed class SourceLink : IDisposable
{
    // Long enough to cost nothing, short enough for a person who cancels.
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);

    // The paused guest waits meanwhile.
    private static readonly TimeSpan LastWordWait = TimeSpan.FromMilliseconds(500);

    // What a destination is granted that hashes its memory, or touches it for the first time on a busy host.
    private const double SlowestBytesPerSecond = 256 << 20;

    private readonly SourceContext _context;

    private SourceLink(SourceContext context, IConnection connection) => (_context, Control) =
        (context, new ControlChannel(context.Host, connection, context.Options.PeerTimeout, context.Cancellation));

    internal ControlChannel Control { get; }

    /// <summary>Connects and says what for.</summary>
    internal static SourceLink Open(SourceContext context, ConnectionKind kind)
    {
        var connection = context.Options.Connector.Connect();
        try
        {
            SendOpening(connection, new Opening(kind, 0, context.MigrationId, context.Token));
            return new SourceLink(context, connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    internal static void SendOpening(IConnection connection, Opening opening)
    {
        using var buffer = new NativeBuffer(Opening.LengthBytes);
        opening.Write(buffer.Span);
        connection.Send([buffer.Segment(0, Opening.LengthBytes)]);
    }

    /// <summary>Waits for a frame of <paramref name="expected"/>; its payload is in the control channel.</summary>
    /// <param name="expected">What is due.</param>
    /// <param name="activity">A number that changes while there is progress elsewhere; throws where that failed.</param>
    /// <param name="timeout">How long the destination may be silent; null for what the options say.</param>
    /// <remarks>A destination that only says that it is busy, and has nothing to show for it, is believed for as long as it may take to go once
    /// through all of the machine's memory.</remarks>
    /// <exception cref="MigrationFailedException">The destination refused, gave up or is silent, or the migration was cancelled.</exception>
    /// <exception cref="StreamProtocolException">Something else came.</exception>
    internal void Await(ControlKind expected, Func<ulong>? activity = null, TimeSpan? timeout = null)
    {
        var limit = timeout ?? _context.Options.PeerTimeout;
        var busyLimit = limit + TimeSpan.FromSeconds(_context.Machine.Memory.TotalBytes / SlowestBytesPerSecond);
        var (heard, progressed) = (_context.Host.Now(), _context.Host.Now());
        var seen = activity?.Invoke() ?? 0;
        while (true)
        {
            var populated = _context.PopulatedBytes;
            if (TryTake(Slice, expected, out var isExpected))
            {
                if (isExpected)
                {
                    return;
                }

                heard = _context.Host.Now();
                progressed = _context.PopulatedBytes > populated ? heard : progressed;
            }

            _context.ThrowIfGivenUp();
            var now = activity?.Invoke() ?? 0;
            if (now != seen)
            {
                seen = now;
                heard = progressed = _context.Host.Now();
            }
            else if (_context.Host.Since(heard) > limit)
            {
                throw new MigrationFailedException(
                    FailureKind.Error,
                    $"{Control.Connection.Peer} was silent for {limit.TotalSeconds:0.#} s where {expected} was due.");
            }
            else if (_context.Host.Since(progressed) > busyLimit)
            {
                throw new MigrationFailedException(
                    FailureKind.Error,
                    $"{Control.Connection.Peer} was busy for {busyLimit.TotalSeconds:0.#} s where {expected} was due, and got nowhere.");
            }
        }
    }

    /// <summary>If the destination said why it went away, that is the better reason; throws it then.</summary>
    internal void ThrowLastWord()
    {
        try
        {
            var began = _context.Host.Now();
            while (TryTake(Slice, ControlKind.RoundAck, out _) && _context.Host.Since(began) < LastWordWait)
            {
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException or StreamProtocolException)
        {
            // It went without a word, and the caller has the failure that showed it.
        }
    }

    public void Dispose() => Control.Dispose();

    // True where a frame came; it is the expected one or one that only says that the destination is at work.
    private bool TryTake(TimeSpan timeout, ControlKind expected, out bool isExpected)
    {
        isExpected = false;
        if (!Control.TryReceive(timeout, out var kind))
        {
            return false;
        }

        isExpected = kind == expected;
        if (isExpected)
        {
            return true;
        }

        var reader = new FrameReader(kind, Control.Received);
        switch (kind)
        {
            case ControlKind.Busy:
                _context.PopulatedBytes = reader.UInt64();
                return true;
            case ControlKind.Refuse:
                throw new MigrationFailedException(FailureKind.Refused, $"{Control.Connection.Peer} refused: {reader.Text()}");
            case ControlKind.Failed:
                var failure = (FailureKind)reader.Byte();
                throw new MigrationFailedException(
                    failure == FailureKind.Verification ? failure : FailureKind.Error, $"{Control.Connection.Peer} gave up: {reader.Text()}");
            default:
                throw new StreamProtocolException($"{Control.Connection.Peer} sent {kind} where {expected} was due.");
        }
    }
}
