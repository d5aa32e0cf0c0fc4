using System.Buffers.Binary;
using Ferry.Linux.Processes;
using Ferry.Migration.Execution;
using Ferry.Migration.Reports;
using Ferry.Migration.Transport;
using Ferry.Migration.Wire;

namespace Ferry.Migration.Destination;

/// <summary>Takes pages and states until the source asks whether all is here.</summary>
internal sealed class Receiving : IDisposable
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(100);

    // Long enough for a source that gives up to say why before its connections are seen to end.
    private static readonly TimeSpan LastWordWait = TimeSpan.FromMilliseconds(500);

    // What a source is granted that hashes all of its memory more slowly than this side did.
    private const double SlowestBytesPerSecond = 256 << 20;

    private readonly ReceiveContext _context;
    private readonly ControlChannel _control;
    private readonly DestinationSteps _steps;
    private readonly PageSink _sink;
    private readonly Populator _populator;
    private ChannelReceiver[] _channels = [];
    private bool _isSealed;
    private long _lostSince;

    internal Receiving(ReceiveContext context, ControlChannel control, DestinationSteps steps)
    {
        (_context, _control, _steps) = (context, control, steps);
        var description = context.Description!;
        _sink = new PageSink(context.Layout);
        if (!context.Options.MemoryIsZero)
        {
            _sink.Distrust(context.Machine.FindPopulated());
        }

        _populator = new Populator(context.Host, context.Machine, context.Layout, description.Populated, description.Populate, context.Options.Threads);
    }

    // For progress, which any thread may ask for.
    private ChannelReceiver[] Channels => Volatile.Read(ref _channels);

    internal ulong ReceivedBytes => Sum(static reader => reader.ReceivedBytes);

    internal ulong ReceivedPages => Sum(static reader => reader.ReceivedPages);

    internal ulong ZeroPages => Sum(static reader => reader.ZeroPages);

    internal ulong UntouchedZeroPages => Sum(static reader => reader.UntouchedZeroPages);

    internal uint Round => Channels is [var first, ..] ? first.Reader.Round : 0;

    internal ulong PopulatedBytes => _populator.PopulatedBytes;

    private TimeSpan HashWait => TimeSpan.FromSeconds(_context.Machine.Memory.TotalBytes / SlowestBytesPerSecond);

    internal TimeSpan Populate => _populator.Elapsed;

    // Told within the downtime, where a generic method would be compiled first.
    internal TimeSpan Cpu
    {
        get
        {
            var sum = _context.Description!.Populate == PopulateMode.Before ? TimeSpan.Zero : _populator.Cpu;
            foreach (var channel in Channels)
            {
                sum += channel.Cpu;
            }

            return sum;
        }
    }

    /// <summary>Readies everything and takes frames up to <see cref="ControlKind.Prepare"/>; then the whole machine is here and stands still.</summary>
    /// <exception cref="MigrationFailedException">The source kept the machine, or it is not whole.</exception>
    internal void Run(Reception reception)
    {
        OpenChannels(reception.AcceptChannels(_control, _context.Description!.Channels));
        _steps.Enter();
        if (_context.Description.Populate == PopulateMode.Before)
        {
            _context.Phase = MigrationPhase.Populate;
            while (!_populator.Wait(Slice))
            {
                Tick();
            }
        }

        Span<byte> ready = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(ready, _populator.Elapsed.Ticks);
        _context.CpuBeforeRounds = ThreadClock.Now;
        _control.Send(ControlKind.Ready, ready);
        _context.Phase = MigrationPhase.Rounds;
        while (Next() is var kind && kind != ControlKind.Prepare)
        {
            Take(kind, new FrameReader(kind, _control.Received));
        }

        Prepare(new FrameReader(ControlKind.Prepare, _control.Received));
    }

    public void Dispose()
    {
        Array.ForEach(_channels, channel => channel.Dispose());
        _populator.Dispose();
    }

    private void OpenChannels(IConnection[] connections)
    {
        var description = _context.Description!;
        var channels = new List<ChannelReceiver>(connections.Length);
        for (var i = 0; i < connections.Length; i++)
        {
            var reader = new ChunkReader(_sink, (ushort)i, connections.Length, connections[i], description.Compression, _populator);
            channels.Add(new ChannelReceiver(_context, (ushort)i, reader, _control));
        }

        Volatile.Write(ref _channels, [.. channels]);
    }

    private ControlKind Next()
    {
        var limit = _context.Options.PeerTimeout + (_context.MemoryHash is null ? TimeSpan.Zero : HashWait);
        var (heard, received) = (_context.Host.Now(), ReceivedBytes);
        while (true)
        {
            if (_control.TryReceive(Slice, out var kind))
            {
                return kind;
            }

            ThrowIfFailed();
            if (ReceivedBytes is var now && now != received)
            {
                (heard, received) = (_context.Host.Now(), now);
            }
            else if (_context.Host.Since(heard) > limit)
            {
                throw new MigrationFailedException(FailureKind.Error, $"{_control.Connection.Peer} sent nothing for {limit.TotalSeconds:0.#} s.");
            }
        }
    }

    private void Take(ControlKind kind, FrameReader reader)
    {
        switch (kind)
        {
            case ControlKind.DeviceData:
                Device(reader.UInt32()).Take(reader.Rest(), _context.PauseBegan != 0);
                break;
            case ControlKind.DeviceEnd:
                Device(reader.UInt32()).End(reader.UInt64(), reader.UInt64());
                break;
            case ControlKind.VcpuData:
                _steps.Vcpus.Take(reader.Rest());
                break;
            case ControlKind.VcpuEnd:
                _steps.Vcpus.End(reader.UInt64(), reader.UInt64());
                break;
            case ControlKind.AheadData when _context.PauseBegan == 0:
                _steps.Ahead.Take(reader.Rest());
                break;
            case ControlKind.AheadEnd when _context.PauseBegan == 0:
                _steps.Ahead.End(reader.UInt64(), reader.UInt64());
                _steps.Ahead.Load(_context.Machine.LoadAhead);
                _steps.Ahead.Restart();
                break;
            case ControlKind.Paused:
                _context.PauseBegan = _context.Host.Now();
                _context.Phase = MigrationPhase.Switchover;

                // The guest stands still from here on, and touches itself what it has not come to.
                _populator.Stop();
                break;
            case ControlKind.Verify when _context.MemoryHash is null:
                Verify();
                break;
            case ControlKind.Abort:
                throw new SourceAbortedException(reader.Text());
            default:
                throw new StreamProtocolException($"{_control.Connection.Peer} sent {kind} before the machine was whole.");
        }
    }

    private void Verify()
    {
        _context.Phase = MigrationPhase.Verify;
        Seal();
        var hash = MemoryHasher.Hash(_context.Host, _context.Machine, _context.Layout, _context.Options.Threads, Tick, out var cpu);
        _context.CrewCpu += cpu;
        _context.MemoryHash = hash;
        var payload = new byte[8 + (8 * hash.Groups.Length)];
        BinaryPrimitives.WriteUInt64LittleEndian(payload, hash.Total);
        for (var i = 0; i < hash.Groups.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(payload.AsSpan(8 + (8 * i)), hash.Groups[i]);
        }

        _control.Send(ControlKind.VerifyResult, payload);
    }

    private void Prepare(FrameReader reader)
    {
        var isVerified = reader.Byte() != 0;
        var sourceHash = reader.UInt64();
        Seal();
        var (tornPages, firstTorn) = _sink.Torn();
        if (tornPages != 0)
        {
            throw new MigrationFailedException(
                FailureKind.Verification,
                $"{tornPages} pages are not what their hashes say, the first at {_context.Layout.AddressOf((uint)firstTorn)}: they were altered on the way, or written without a tracker seeing it.");
        }

        if (isVerified || _context.MemoryHash is not null || _context.Description!.Verify)
        {
            _context.MemoryVerified = isVerified && _context.MemoryHash is { } hash && hash.Total == sourceHash;
            if (_context.MemoryVerified is not true)
            {
                throw new MigrationFailedException(FailureKind.Verification, "Memory was to be verified and was not, or differs.");
            }
        }

        _steps.Finish();
        ThrowIfFailed();
    }

    // From here on no channel writes guest memory: nobody may alter what was hashed and checked.
    private void Seal()
    {
        if (_isSealed)
        {
            return;
        }

        var isWhole = _channels.All(channel => channel.IsBetweenRounds && channel.Reader.Round == _channels[0].Reader.Round);
        Array.ForEach(_channels, channel => channel.Stop());
        _isSealed = true;

        _populator.Dispose();
        if (_context.Failure is { } failure)
        {
            throw failure;
        }

        if (!isWhole)
        {
            throw new StreamProtocolException($"{_control.Connection.Peer} went on before all channels had ended their round.");
        }
    }

    private DeviceReceiver Device(uint index) => index < _steps.Devices.Count
        ? _steps.Devices[(int)index]
        : throw new StreamProtocolException($"State came for device {index} of {_steps.Devices.Count}.");

    private void Tick()
    {
        ThrowIfFailed();
        Span<byte> busy = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(busy, _populator.PopulatedBytes);
        _control.Send(ControlKind.Busy, busy);
    }

    private void ThrowIfFailed()
    {
        _context.ThrowIfCancelled();
        if (_context.Failure is { } failure)
        {
            throw failure;
        }

        if (_isSealed)
        {
            return;
        }

        _ = _populator.Wait(TimeSpan.Zero);
        for (var i = 0; i < _channels.Length; i++)
        {
            if (_channels[i].Lost is { } lost)
            {
                _lostSince = _lostSince == 0 ? _context.Host.Now() : _lostSince;
                if (_context.Host.Since(_lostSince) > LastWordWait)
                {
                    throw new MigrationFailedException(FailureKind.Error, $"Channel {i} was lost: {lost.Message}", lost);
                }
            }
        }
    }

    // Asked for with every frame: allocates nothing.
    private ulong Sum(Func<ChunkReader, ulong> of)
    {
        ulong sum = 0;
        foreach (var channel in Channels)
        {
            sum += of(channel.Reader);
        }

        return sum;
    }
}
