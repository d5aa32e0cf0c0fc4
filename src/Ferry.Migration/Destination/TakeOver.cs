using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>The destination's half of the hand-over: it holds the whole machine and runs it when, and only when, the source says commit.</summary>
/// <remarks>docs/hand-over.md has the states of both sides after each failure.</remarks>
internal sealed class TakeOver(ReceiveContext context, Reception reception, DestinationSteps steps, Func<RunningAccount> account)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    private string _text = "";

    /// <summary>What this side is in, which is what a source that asks is told.</summary>
    internal SettleState State { get; private set; } = SettleState.Prepared;

    /// <summary>Why, where the machine does not run.</summary>
    internal string Reason => _text;

    /// <summary>Says that the machine is here, and waits for commit or abort; where the link dies, for the source to come back.</summary>
    internal void Run(ControlChannel control)
    {
        context.Phase = MigrationPhase.Prepared;
        try
        {
            control.Send(ControlKind.Prepared, []);
            if (Converse(control, context.Cancellation))
            {
                return;
            }
        }
        catch (Exception e) when (IsLinkFailure(e))
        {
            Remember(e);
        }

        control.Connection.Abort();
        if (State != SettleState.Discarded)
        {
            Settle(context.Options.SettleWait, context.Cancellation);
        }
    }

    /// <summary>Waits for the source to come back, and does what it says.</summary>
    internal void Settle(TimeSpan wait, CancellationToken cancellation)
    {
        context.Phase = MigrationPhase.Settling;
        var began = context.Host.Now();
        while (reception.AcceptSettling(began, wait, cancellation) is { } again)
        {
            using (again)
            {
                try
                {
                    SendState(again);
                    if (Converse(again, cancellation))
                    {
                        return;
                    }
                }
                catch (Exception e) when (IsLinkFailure(e))
                {
                    Remember(e);
                }
            }
        }
    }

    /// <summary>An operator's word that the source does not have the machine.</summary>
    internal void RunHere() => Start();

    /// <summary>An operator's word that the source has the machine.</summary>
    internal void Discard(string reason) => (State, _text) = (SettleState.Discarded, reason);

    private static bool IsLinkFailure(Exception e) => e is IOException or TimeoutException or StreamProtocolException;

    /// <summary>How the link failed is the reason, as long as there is no better one.</summary>
    internal void Remember(Exception linkFailure) => _text = State == SettleState.Prepared ? linkFailure.Message : _text;

    // True where there is nothing more to say; false where the peer fell silent or went away.
    private bool Converse(ControlChannel control, CancellationToken cancellation)
    {
        var began = context.Host.Now();
        while (!cancellation.IsCancellationRequested && context.Host.Since(began) < context.Options.PeerTimeout)
        {
            if (!control.TryReceive(Slice, out var kind))
            {
                continue;
            }

            switch (kind)
            {
                case ControlKind.Commit when State == SettleState.Prepared:
                    Start();
                    SendOutcome(control);
                    began = context.Host.Now();
                    break;
                case ControlKind.Abort when State == SettleState.Prepared:
                    Discard($"The source kept the machine: {new FrameReader(kind, control.Received).Text()}");
                    SendOutcome(control);
                    return true;
                case ControlKind.Done when State == SettleState.Running:
                    return true;
                default:
                    throw new StreamProtocolException($"{control.Connection.Peer} sent {kind} where the machine is {State}.");
            }
        }

        return false;
    }

    private void Start()
    {
        context.Phase = MigrationPhase.Committed;
        try
        {
            steps.Start();
            State = SettleState.Running;
            context.Downtime = context.PauseBegan == 0 ? TimeSpan.Zero : context.Host.Since(context.PauseBegan);
        }
        // Part of the machine may have run: neither side may go on by itself.
        catch (Exception e)
        {
            (State, _text) = (SettleState.StartFailed, e.Message);
            return;
        }

        context.Options.Started?.Invoke();
    }

    private void SendOutcome(ControlChannel control)
    {
        if (State == SettleState.Running)
        {
            SendRunning(control);
        }
        else
        {
            control.SendText(ControlKind.State, [(byte)State], _text);
        }
    }

    private void SendState(ControlChannel control)
    {
        control.SendText(ControlKind.State, [(byte)State], _text);
        if (State == SettleState.Running)
        {
            SendRunning(control);
        }
    }

    private void SendRunning(ControlChannel control)
    {
        Span<byte> payload = stackalloc byte[RunningAccount.LengthBytes];
        account().Write(payload);
        control.Send(ControlKind.Running, payload);
    }
}
