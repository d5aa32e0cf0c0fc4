using System.Security.Cryptography;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>Takes connections and finds out what they are for; strangers are sent away and cost nothing.</summary>
internal sealed class Reception(ReceiveContext context)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    // A stranger that connects and says nothing must not keep the source waiting for long.
    private static readonly TimeSpan OpeningWait = TimeSpan.FromSeconds(2);

    /// <summary>Waits for a source whose machine can be taken, and accepts it. Those that can't are told why.</summary>
    /// <exception cref="MigrationFailedException">Nobody came in time, or it was cancelled.</exception>
    internal ControlChannel AcceptSource()
    {
        var began = context.Host.Now();
        while (true)
        {
            var (connection, opening) = Accept(began, context.Options.ConnectWait, "No source connected");
            if (opening.Kind != ConnectionKind.Control)
            {
                connection.Dispose();
                continue;
            }

            var control = new ControlChannel(context.Host, connection, context.Options.PeerTimeout, context.Cancellation);
            var isTaken = false;
            try
            {
                isTaken = Introduce(control, opening);
                if (isTaken)
                {
                    return control;
                }
            }
            catch (Exception e) when (e is IOException or TimeoutException or StreamProtocolException)
            {
                LastRefusal = e.Message;
                TryRefuse(control, e.Message);
            }
            finally
            {
                if (!isTaken)
                {
                    control.Dispose();
                }
            }
        }
    }

    /// <summary>Why the last source was refused, or null.</summary>
    internal string? LastRefusal { get; private set; }

    /// <summary>Waits for all data connections of the source that was accepted.</summary>
    /// <exception cref="SourceAbortedException">The source gave up.</exception>
    internal IConnection[] AcceptChannels(ControlChannel control, int count)
    {
        var began = context.Host.Now();
        var connections = new IConnection?[count];
        try
        {
            for (var missing = count; missing > 0;)
            {
                var (connection, opening) = Accept(began, context.Options.PeerTimeout, $"{missing} of {count} data connections did not come", control);
                if (opening.Kind == ConnectionKind.Data && IsOurs(opening) && opening.Channel < count && connections[opening.Channel] is null)
                {
                    connections[opening.Channel] = connection;
                    missing--;
                }
                else
                {
                    connection.Dispose();
                }
            }

            return connections!;
        }
        catch
        {
            foreach (var connection in connections)
            {
                connection?.Dispose();
            }

            throw;
        }
    }

    /// <summary>Waits for the source to come back and ask about the migration.</summary>
    /// <returns>Null where it does not within what is left of <paramref name="wait"/> since <paramref name="began"/>, or it was cancelled.</returns>
    internal ControlChannel? AcceptSettling(long began, TimeSpan wait, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && (wait == Timeout.InfiniteTimeSpan || context.Host.Since(began) < wait))
        {
            try
            {
                if (TryAccept() is { } accepted)
                {
                    if (accepted.Opening.Kind == ConnectionKind.Settle && IsOurs(accepted.Opening))
                    {
                        return new ControlChannel(context.Host, accepted.Connection, context.Options.PeerTimeout, cancellation);
                    }

                    accepted.Connection.Dispose();
                }
            }
            // There may be no descriptor or memory for it now; the machine waits here for its source, whatever comes.
            catch (IOException e)
            {
                LastRefusal = e.Message;
                context.Host.Sleep(Slice, cancellation);
            }
        }

        return null;
    }

    private static void TryRefuse(ControlChannel control, string reason)
    {
        try
        {
            control.SendText(ControlKind.Refuse, [], reason);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            // It went away and needs no answer.
        }
    }

    private bool IsOurs(in Opening opening) => opening.MigrationId == context.MigrationId && opening.Token == context.Token && opening.Major == StreamVersion.Major;

    // Nothing is due on the control connection yet, so whatever comes is the end of it.
    private static void ThrowIfSourceGaveUp(ControlChannel control)
    {
        if (control.TryReceive(TimeSpan.Zero, out var kind))
        {
            throw kind == ControlKind.Abort
                ? new SourceAbortedException(new FrameReader(kind, control.Received).Text())
                : new StreamProtocolException($"{control.Connection.Peer} sent {kind} before its data connections were there.");
        }
    }

    private (IConnection Connection, Opening Opening) Accept(long began, TimeSpan wait, string failure, ControlChannel? control = null)
    {
        while (true)
        {
            context.ThrowIfCancelled();
            if (control is not null)
            {
                ThrowIfSourceGaveUp(control);
            }

            if (TryAccept() is { } accepted)
            {
                return accepted;
            }

            if (wait != Timeout.InfiniteTimeSpan && context.Host.Since(began) > wait)
            {
                throw new MigrationFailedException(FailureKind.Error, $"{failure} within {wait.TotalSeconds:0.#} s.{(LastRefusal is null ? "" : $" The last that was sent away: {LastRefusal}.")}");
            }
        }
    }

    private (IConnection Connection, Opening Opening)? TryAccept()
    {
        var connection = context.Options.Listener.Accept(Slice);
        if (connection is null)
        {
            return null;
        }

        try
        {
            using var buffer = new NativeBuffer(Opening.LengthBytes);
            connection.Receive([buffer.Segment(0, Opening.LengthBytes)], OpeningWait);
            return (connection, Opening.Parse(buffer.Span));
        }
        catch (Exception e) when (e is IOException or TimeoutException or StreamProtocolException)
        {
            LastRefusal = $"{connection.Peer}: {e.Message}";
        }

        connection.Dispose();
        return null;
    }

    private bool Introduce(ControlChannel control, Opening opening)
    {
        if (opening.Major != StreamVersion.Major)
        {
            LastRefusal = $"the stream has version {opening.Major}.{opening.Minor}; this destination reads version {StreamVersion.Major}.{StreamVersion.Minor}";
            TryRefuse(control, LastRefusal);
            return false;
        }

        if (!control.TryReceive(context.Options.PeerTimeout, out var kind) || kind != ControlKind.Describe)
        {
            throw new StreamProtocolException($"{control.Connection.Peer} did not describe its machine.");
        }

        var description = MachineDescription.Parse(control.Received);
        if (Admission.Refusal(context.Machine, description) is { } refusal)
        {
            LastRefusal = refusal;
            TryRefuse(control, refusal);
            return false;
        }

        Span<byte> token = stackalloc byte[16];
        RandomNumberGenerator.Fill(token);
        context.MigrationId = opening.MigrationId;
        context.Events.Began(opening.MigrationId);
        context.Token = System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(token);
        context.Description = description;
        control.Send(ControlKind.Accept, token);
        return true;
    }
}
