using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Source;

/// <summary>All data channels of a source.</summary>
internal sealed class ChannelTeam : IDisposable
{
    private readonly SourceContext _context;
    private readonly ChannelSender[] _senders;
    private readonly ulong[] _acknowledged;
    private readonly bool[] _isOver;
    private readonly Func<ulong> _activity;

    internal ChannelTeam(SourceContext context, DirtyPages dirty)
    {
        _context = context;
        var limit = new BandwidthLimit(context.Host, context.Options.BandwidthBytesPerSecond);
        var senders = new List<ChannelSender>();
        try
        {
            for (var i = 0; i < context.Options.Channels; i++)
            {
                context.ThrowIfGivenUp();
                var connection = context.Options.Connector.Connect();
                var writer = new ChunkWriter(context.Layout, (ushort)i, connection, context.Options.Compression, limit);
                senders.Add(new ChannelSender(context.Host, dirty, context.Trackers, context.Layout, i, context.Options.Channels, writer));
                SourceLink.SendOpening(connection, new Opening(ConnectionKind.Data, (ushort)i, context.MigrationId, context.Token));
            }
        }
        catch
        {
            senders.ForEach(sender => sender.Dispose());
            throw;
        }

        _senders = [.. senders];
        _acknowledged = new ulong[_senders.Length];
        _isOver = new bool[_senders.Length];
        _activity = () =>
        {
            ThrowIfFailed();
            return SentBytes;
        };
    }

    internal ulong SentBytes => Sum(static sender => sender.Writer.SentBytes);

    internal ulong SentPages => Sum(static sender => sender.Writer.SentPages);

    internal ulong ZeroPages => Sum(static sender => sender.Writer.ZeroPages);

    internal TimeSpan Cpu => TimeSpan.FromTicks((long)Sum(static sender => (ulong)sender.Cpu.Ticks));

    /// <summary>The bytes that the destination said it has taken.</summary>
    internal ulong AcknowledgedBytes
    {
        get
        {
            ulong sum = 0;
            foreach (var bytes in _acknowledged)
            {
                sum += bytes;
            }

            return sum;
        }
    }

    /// <summary>Sends all dirty pages and waits until the destination has taken them. Allocates nothing.</summary>
    internal void Copy(SourceLink link)
    {
        var began = _context.Host.Now();
        var pagesBefore = SentPages;
        var round = _context.Round;
        var quiesced = _context.IsQuiesced;
        Array.Clear(_isOver);
        foreach (var sender in _senders)
        {
            sender.Begin(round, quiesced);
        }

        for (var missing = _senders.Length; missing > 0; missing--)
        {
            link.Await(ControlKind.RoundAck, _activity);
            Acknowledge(link.Control.Received, round);
        }

        var elapsed = _context.Host.Since(began);
        _context.RoundBytesPerSecond = (SentPages - pagesBefore) * (double)Pages.PageLayout.PageBytes / Math.Max(elapsed.TotalSeconds, 1e-6);
        _context.BytesPerSecond = _context.RoundBytesPerSecond;
    }

    public void Dispose()
    {
        foreach (var sender in _senders)
        {
            sender.Dispose();
        }
    }

    private void Acknowledge(ReadOnlySpan<byte> payload, uint round)
    {
        var reader = new FrameReader(ControlKind.RoundAck, payload);
        var channel = reader.UInt16();
        var acknowledgedRound = reader.UInt32();
        if (channel >= _senders.Length || acknowledgedRound != round || _isOver[channel] || !_senders[channel].HasSwept(round))
        {
            throw new StreamProtocolException($"Round {acknowledgedRound} of channel {channel} was acknowledged in round {round} of {_senders.Length} channels.");
        }

        _isOver[channel] = true;
        _acknowledged[channel] = reader.UInt64();
    }

    private void ThrowIfFailed()
    {
        for (var i = 0; i < _senders.Length; i++)
        {
            if (_senders[i].Failure is { } failure)
            {
                throw new MigrationFailedException(FailureKind.Error, $"Channel {i} failed: {failure.Message}", failure);
            }
        }
    }

    private ulong Sum(Func<ChannelSender, ulong> of)
    {
        ulong sum = 0;
        foreach (var sender in _senders)
        {
            sum += of(sender);
        }

        return sum;
    }
}
