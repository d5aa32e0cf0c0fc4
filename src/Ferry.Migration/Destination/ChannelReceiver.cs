using System.Buffers.Binary;
using Ferry.Linux.Processes;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>The thread of one channel: takes chunk after chunk and acknowledges the end of each round.</summary>
internal sealed class ChannelReceiver : IDisposable
{
    private readonly ReceiveContext _context;
    private readonly ushort _channel;
    private readonly ChunkReader _reader;
    private readonly ControlChannel _control;
    private readonly EngineThread _thread;
    private volatile bool _isEnding;
    private volatile bool _isBetweenRounds = true;
    private Exception? _lost;
    private long _cpuTicks;

    internal ChannelReceiver(ReceiveContext context, ushort channel, ChunkReader reader, ControlChannel control)
    {
        (_context, _channel, _reader, _control) = (context, channel, reader, control);
        _thread = context.Host.Start($"ferry receive {channel}", Run);
    }

    internal ChunkReader Reader => _reader;

    /// <summary>Whether it waits for the first chunk of a round.</summary>
    internal bool IsBetweenRounds => _isBetweenRounds;

    /// <summary>How the connection was lost, or null: that is not the reason of a failure as long as the source may still say it.</summary>
    internal Exception? Lost => Volatile.Read(ref _lost);

    /// <summary>The processor time it had used at the end of its last round.</summary>
    internal TimeSpan Cpu => TimeSpan.FromTicks(Volatile.Read(ref _cpuTicks));

    /// <summary>Ends the thread; nothing of this channel writes guest memory after the return.</summary>
    internal void Stop()
    {
        _isEnding = true;
        _reader.Abort();
        _thread.Join();
    }

    public void Dispose()
    {
        Stop();
        _reader.Dispose();
    }

    private void Run()
    {
        try
        {
            Span<byte> acknowledgement = stackalloc byte[14];
            BinaryPrimitives.WriteUInt16LittleEndian(acknowledgement, _channel);
            while (true)
            {
                _reader.WaitForNext();
                if (_isEnding)
                {
                    return;
                }

                _isBetweenRounds = false;
                if (_reader.Take())
                {
                    _isBetweenRounds = true;
                    Volatile.Write(ref _cpuTicks, ThreadClock.Now.Ticks);
                    BinaryPrimitives.WriteUInt32LittleEndian(acknowledgement[2..], _reader.Round - 1);
                    BinaryPrimitives.WriteUInt64LittleEndian(acknowledgement[6..], _reader.ReceivedBytes);
                    _control.Send(ControlKind.RoundAck, acknowledgement);
                }
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            Volatile.Write(ref _lost, e);
        }
        catch (MigrationFailedException e)
        {
            _context.Fail(e);
        }
        // Whatever it is, the engine's thread discards because of it.
        catch (Exception e)
        {
            _context.Fail(new MigrationFailedException(FailureKind.Error, $"Channel {_channel}: {e.Message}", e));
        }
    }
}
