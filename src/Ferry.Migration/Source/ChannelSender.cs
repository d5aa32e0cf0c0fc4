using System.Numerics;
using Ferry.Linux.Processes;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;

namespace Ferry.Migration.Source;

/// <summary>The thread of one channel: in each round it sends the dirty pages of its stripes, which are every Nth.</summary>
internal sealed class ChannelSender : IDisposable
{
    private readonly DirtyPages _dirty;
    private readonly TrackerSet _trackers;
    private readonly PageLayout _layout;
    private readonly uint _channel;
    private readonly uint _channels;
    private readonly ChunkWriter _writer;
    private readonly EngineSemaphore _go;
    private readonly EngineThread _thread;
    private volatile bool _isEnding;
    private Exception? _failure;
    private uint _round;
    private bool _quiesced;
    private uint _swept;
    private long _cpuTicks;

    internal ChannelSender(EngineHost host, DirtyPages dirty, TrackerSet trackers, PageLayout layout, int channel, int channels, ChunkWriter writer)
    {
        (_dirty, _trackers, _layout, _channel, _channels, _writer) = (dirty, trackers, layout, (uint)channel, (uint)channels, writer);
        _go = host.NewSemaphore(0);
        _thread = host.Start($"ferry send {channel}", Run);
    }

    internal ChunkWriter Writer => _writer;

    /// <summary>What ended the thread, or null.</summary>
    internal Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether it is through with the dirty pages of <paramref name="round"/>; before that nobody can have received all.</summary>
    internal bool HasSwept(uint round) => Volatile.Read(ref _swept) == round;

    /// <summary>The processor time it had used at the end of its last round.</summary>
    internal TimeSpan Cpu => TimeSpan.FromTicks(Volatile.Read(ref _cpuTicks));

    /// <summary>Starts a round; the destination's acknowledgement says when it is over.</summary>
    internal void Begin(uint round, bool quiesced)
    {
        (_round, _quiesced) = (round, quiesced);
        _go.Release();
    }

    /// <summary>Ends the thread, whatever it is at, and closes the channel.</summary>
    public void Dispose()
    {
        _isEnding = true;
        _writer.Stop();
        _writer.Abort();
        _go.Release();
        _thread.Join();
        _writer.Dispose();
        _go.Dispose();
    }

    private void Run()
    {
        try
        {
            while (true)
            {
                _go.Wait();
                if (_isEnding)
                {
                    return;
                }

                SendRound();
                Volatile.Write(ref _cpuTicks, ThreadClock.Now.Ticks);
            }
        }
        // Whatever it is, the engine's thread rolls back because of it.
        catch (Exception e)
        {
            Volatile.Write(ref _failure, e);
        }
    }

    private void SendRound()
    {
        _writer.BeginRound(_round, _quiesced);
        Span<ulong> words = stackalloc ulong[PageLayout.WordsPerStripe];
        for (var stripe = _channel; stripe < _layout.StripeCount; stripe += _channels)
        {
            var (bitmap, range) = _dirty.Stripe(stripe, out var dirty, out var untouched);
            if (untouched.ContainsAnyExcept(0UL))
            {
                SendZero(stripe, untouched);
                untouched.Clear();
            }

            if (dirty.ContainsAnyExcept(0UL))
            {
                if (!_quiesced)
                {
                    _trackers.Take(range, bitmap);
                }

                dirty.CopyTo(words);
                dirty.Clear();
                SendPages(stripe, words[..dirty.Length]);
            }
        }

        Volatile.Write(ref _swept, _round);
        _writer.EndRound();
    }

    private void SendPages(uint stripe, ReadOnlySpan<ulong> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var first = (stripe * PageLayout.StripePages) + ((uint)i * 64);
            for (var word = words[i]; word != 0; word &= word - 1)
            {
                _writer.Add(first + (uint)BitOperations.TrailingZeroCount(word));
            }
        }
    }

    private void SendZero(uint stripe, ReadOnlySpan<ulong> words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var first = (stripe * PageLayout.StripePages) + ((uint)i * 64);
            for (var word = words[i]; word != 0;)
            {
                var from = BitOperations.TrailingZeroCount(word);
                var count = BitOperations.TrailingZeroCount(~(word >> from));
                count = Math.Min(count, 64 - from);
                _writer.AddZero(first + (uint)from, (uint)count);
                word &= count == 64 ? 0 : ~(((1UL << count) - 1) << from);
            }
        }
    }
}
