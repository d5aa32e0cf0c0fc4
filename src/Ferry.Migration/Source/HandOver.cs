using System.Buffers.Binary;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>Gives the machine away: prepare, commit, and where the link dies after it, asking until it is known who runs.</summary>
/// <remarks>docs/hand-over.md has the states of both sides after each failure.</remarks>
internal sealed class HandOver(SourceContext context, SourceLink link)
{
    // The guest waits for nothing here, but the caller does.
    private static readonly TimeSpan LongestAbortPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestAbortWait = TimeSpan.FromSeconds(2);
    private const int AbortTries = 3;

    // A destination that is there answers within it.
    private static readonly TimeSpan LeastAnswerWait = TimeSpan.FromSeconds(1);

    /// <summary>Whether the destination may hold the whole machine, and wait for a word.</summary>
    internal bool MayBePrepared { get; private set; }

    /// <exception cref="MigrationFailedException">The destination doesn't hold the whole machine.</exception>
    internal void Prepare()
    {
        Span<byte> payload = stackalloc byte[9];
        payload[0] = context.MemoryVerified is true ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(payload[1..], context.MemoryHash);
        MayBePrepared = true;
        link.Control.Send(ControlKind.Prepare, payload);
        link.Await(ControlKind.Prepared);
        context.Phase = MigrationPhase.Prepared;
    }

    /// <summary>From here on the machine never runs here by itself.</summary>
    /// <exception cref="InDoubtException">Nobody said that it runs there.</exception>
    /// <exception cref="MigrationFailedException">It was cancelled before commit, or the destination said that it threw the machine away.</exception>
    internal void Commit()
    {
        context.ThrowIfGivenUp();
        context.IsCommitted = true;
        context.Phase = MigrationPhase.Committed;
        string reason;
        try
        {
            link.Control.Send(ControlKind.Commit, []);
            AwaitRunning(link, context.Options.PeerTimeout);
            return;
        }
        catch (Exception e) when (IsLinkFailure(e))
        {
            reason = e.Message;
        }

        link.Control.Connection.Abort();
        Settle(reason, context.Cancellation);
    }

    /// <summary>Reconnects and asks what became of the machine, at least once and for as long as the options say.</summary>
    internal void Settle(string reason, CancellationToken cancellation)
    {
        context.Phase = MigrationPhase.Settling;
        for (var began = context.Host.Now(); !cancellation.IsCancellationRequested;)
        {
            try
            {
                using var again = SourceLink.Open(context, ConnectionKind.Settle);
                var left = context.Options.SettleWait - context.Host.Since(began);
                var wait = Clamp(left, LeastAnswerWait, context.Options.PeerTimeout);
                again.Await(ControlKind.State, timeout: wait);
                TakeState(again, wait);
                return;
            }
            catch (Exception e) when (IsLinkFailure(e))
            {
                reason = e.Message;
            }

            var rest = context.Options.SettleWait - context.Host.Since(began);
            if (rest <= TimeSpan.Zero)
            {
                break;
            }

            context.Host.Sleep(Clamp(rest, TimeSpan.Zero, context.Options.ReconnectPause), cancellation);
        }

        throw new InDoubtException(reason);
    }

    /// <summary>Tells the destination that the machine stays here, also if the link has to be made anew for it.</summary>
    /// <returns>Whether it was told.</returns>
    internal static bool Abort(SourceContext context, SourceLink? link, bool mayBePrepared, string reason)
    {
        try
        {
            if (link is not null)
            {
                link.Control.SendText(ControlKind.Abort, [], reason);
                return true;
            }
        }
        catch (Exception e) when (IsLinkFailure(e))
        {
            link!.Control.Connection.Abort();
        }

        // A destination that is not prepared gives up by itself; one that is would wait.
        for (var i = 0; mayBePrepared && i < AbortTries; i++)
        {
            try
            {
                using var again = SourceLink.Open(context, ConnectionKind.Settle);
                var wait = Clamp(LongestAbortWait, TimeSpan.Zero, context.Options.PeerTimeout);
                again.Await(ControlKind.State, timeout: wait);
                again.Control.SendText(ControlKind.Abort, [], reason);
                again.Await(ControlKind.State, timeout: wait);
                return true;
            }
            catch (MigrationFailedException)
            {
                // Something takes connections there and says nothing: the destination is gone, or not waiting.
                return false;
            }
            catch (Exception e) when (IsLinkFailure(e))
            {
                context.Host.Sleep(Clamp(LongestAbortPause, TimeSpan.Zero, context.Options.ReconnectPause));
            }
        }

        return false;
    }

    private static TimeSpan Clamp(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    private static bool IsLinkFailure(Exception e) =>
        e is IOException or TimeoutException or StreamProtocolException or MigrationFailedException;

    // Where it returns the machine runs there; all else is thrown.
    private void TakeState(SourceLink again, TimeSpan wait)
    {
        var reader = new FrameReader(ControlKind.State, again.Control.Received);
        var state = (SettleState)reader.Byte();
        var text = reader.Text();
        switch (state)
        {
            case SettleState.Prepared:
                again.Control.Send(ControlKind.Commit, []);
                AwaitRunning(again, wait);
                break;
            case SettleState.Running:
                AwaitRunning(again, wait);
                break;
            case SettleState.Discarded:
                (context.IsCommitted, MayBePrepared) = (false, false);
                throw new DiscardedException(text);
            case SettleState.StartFailed:
                throw new InDoubtException($"the destination could not start it: {text}");
            default:
                throw new StreamProtocolException($"{again.Control.Connection.Peer} says state {(byte)state}, which is none.");
        }
    }

    private void AwaitRunning(SourceLink on, TimeSpan wait)
    {
        on.Await(ControlKind.Running, timeout: wait);
        context.Downtime = context.Host.Since(context.PauseBegan);
        context.Destination = RunningAccount.Parse(on.Control.Received);
        try
        {
            on.Control.Send(ControlKind.Done, []);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // The destination runs; that it is not thanked costs it a wait.
        }
    }
}
