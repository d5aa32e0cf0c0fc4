using Ferry.Linux.Sockets;
using Ferry.Migration.Transport;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Network;

/// <summary>One end of a connection.</summary>
internal sealed class SimConnection(SimHost host, Dice dice, string peer, Pipe output, Pipe input, TimeSpan callTimeout) : IConnection
{
    private bool _isOver;

    public string Peer => peer;

    public Pipe Output => output;

    public Pipe Input => input;

    /// <summary>How often others may go on while something is sent, which is when pages are torn: one slice in how many is cut.</summary>
    public int CutPercent { get; init; }

    public void Send(ReadOnlySpan<MemorySegment> segments)
    {
        host.Scheduler.Point("send");
        foreach (var segment in segments)
        {
            for (var done = 0; done < (int)segment.LengthBytes;)
            {
                WaitForSpace();
                var rest = (int)segment.LengthBytes - done;
                var slice = dice.Chance(CutPercent) ? dice.Between(1, rest) : rest;
                done += output.Put(segment, done, slice);
                if (output.IsCutHere)
                {
                    Cut();
                    throw new IOException($"{peer}: the connection was cut at byte {output.Sent}.");
                }

                if (slice < rest)
                {
                    host.Scheduler.Point("send on");
                }
            }
        }
    }

    public void Receive(ReadOnlySpan<MemorySegment> segments, TimeSpan? within = null)
    {
        var began = host.Now();
        foreach (var segment in segments)
        {
            for (var done = 0; done < (int)segment.LengthBytes;)
            {
                var wait = within is { } all ? all - host.Since(began) : callTimeout;
                if (!host.Scheduler.Block("receive", () => CanReceive, wait))
                {
                    throw new TimeoutException($"{peer} did not send anything for {wait.TotalSeconds:0.#} s.");
                }

                if (_isOver || input.Readable == 0)
                {
                    throw input.IsBroken || _isOver ? new IOException($"{peer}: the connection broke.") : new EndOfStreamException($"{peer}: the stream ended.");
                }

                done += input.Take(segment, done);
            }
        }
    }

    public bool WaitToReceive(TimeSpan timeout) => host.Scheduler.Block("wait to receive", () => CanReceive, timeout);

    public void Abort()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        if (input.HasUnread && !input.IsBroken && dice.Chance(50))
        {
            // Bytes that nobody read make the kernel reset the connection, and then the peer may lose what it has not read either.
            output.Break(losesBytes: dice.Chance(50));
        }

        output.End();
        input.Close();
    }

    public void Dispose() => Abort();

    /// <summary>Breaks it for both sides.</summary>
    public void Cut()
    {
        output.Break(dice.Chance(50));
        input.Break(dice.Chance(50));
    }

    private bool CanReceive => _isOver || input.Readable > 0 || (input.IsEnded && !input.HasUnread);

    private void WaitForSpace()
    {
        if (!host.Scheduler.Block("send", () => _isOver || output.IsClosed || output.IsEnded || output.SpaceBytes > 0, callTimeout))
        {
            throw new TimeoutException($"{peer} did not take anything for {callTimeout.TotalSeconds:0.#} s.");
        }

        if (_isOver || output.IsClosed || output.IsEnded)
        {
            throw new IOException($"{peer}: the connection broke.");
        }
    }
}
