using Ferry.Devices.Hosting;
using Ferry.Devices.Migration;
using Ferry.Linux.Vfio;

namespace Ferry.Devices.Models;

/// <summary>A NIC that writes numbered and checksummed messages into the guest's memory by DMA, at a given rate.</summary>
/// <remarks>Where the guest names another device's mailbox it writes the sequence of each message there too, by peer-to-peer DMA; in the P2P
/// states it then sends nothing. Without one these states change nothing for it. Its state is its registers, rings and
/// sequence, and a large part that is sent in pre-copy and again where messages changed it. Source: docs/rnic.md.</remarks>
public sealed class Rnic : DeviceModel
{
    /// <summary>The name of the model.</summary>
    public const string ModelName = "rnic";

    /// <summary>The version of the model's state.</summary>
    public const uint StateVersion = 1;

    private const int RegisterRegion = 0;
    private const int DoorbellRegion = 2;
    private const int MailboxRegion = 4;
    private const int MostMessagesPerStep = 64;
    private const int MostIdleSpins = 20;
    private const int SpinIterations = 50;

    private static readonly TimeSpan ShortSleep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongSleep = TimeSpan.FromMilliseconds(100);

    private readonly int _messageBytes;
    private readonly StateSection _core;
    private readonly RnicConnections _connections;
    private readonly RnicDoorbells _doorbells;
    private readonly RnicMailbox _mailbox;
    private readonly RnicRegisters _registers;
    private readonly RnicQueue _queue;
    private readonly RnicPace _pace;
    private readonly DeviceWorker _worker;
    private readonly ulong _seed;
    private int _idleSpins;
    private long _mailLookedAt;
    private bool _isRunning;
    private volatile bool _mayReachPeers;

    /// <summary>A device, in RUNNING and not enabled by a guest.</summary>
    /// <exception cref="ArgumentException">The options have a problem; the message names the first.</exception>
    public Rnic(RnicOptions options)
        : this(Checked(options), new RnicDoorbells(), new RnicMailbox(), new StateSection(1, RnicState.EncodedBytes, isPreCopy: false),
            new StateSection(2, options.DeviceStateBytes, isPreCopy: options.PreCopy))
    {
    }

    private Rnic(RnicOptions options, RnicDoorbells doorbells, RnicMailbox mailbox, StateSection core, StateSection connections)
        : base(Describe(options, doorbells, mailbox, core, connections))
    {
        (_messageBytes, _seed, _doorbells, _mailbox, _core) = (options.MessageBytes, options.Seed, doorbells, mailbox, core);
        _connections = new RnicConnections(connections, options.Seed);
        _registers = new RnicRegisters(options.MessageBytes);
        _queue = new RnicQueue(Dma, doorbells, _connections, options.MessageBytes);
        _pace = new RnicPace(options.RateBytesPerSecond, options.MessageBytes, TimeProvider.System);
        _worker = new DeviceWorker(ModelName, Step);
        Start();
    }

    /// <inheritdoc/>
    public override DeviceCounters Counters
    {
        get
        {
            var sent = _queue.Sent;
            return new(State, _registers.IsActive, _registers.Faults != RnicFaults.None, sent,
                unchecked(sent * (ulong)_messageBytes), _queue.Stalls, Dma.Count, Dma.IsLogging);
        }
    }

    private bool TakesWrites => State is not (VfioDeviceState.Resuming or VfioDeviceState.Error);

    /// <inheritdoc/>
    public override void RegionRead(int region, ulong offset, Span<byte> data)
    {
        if (region == RegisterRegion)
        {
            _registers.Read(offset, data, _queue, _mailbox);
        }
        else if (region == MailboxRegion)
        {
            _mailbox.Read(offset, data);
        }
        else
        {
            _doorbells.Read(offset, data);
        }
    }

    /// <inheritdoc/>
    public override void RegionWrite(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        // What is written in RESUMING is overwritten by the state that comes, so it must not touch the part that came.
        if (!TakesWrites)
        {
            return;
        }

        if (region == DoorbellRegion)
        {
            _doorbells.Write(offset, data);
            _worker.Wake();
        }
        else if (region == RegisterRegion && _registers.Write(offset, data) is { } control)
        {
            _worker.Pause();
            Obey(control);
            _worker.Resume();
        }
    }

    /// <inheritdoc/>
    protected override void Run()
    {
        _isRunning = true;
        _pace.Restart();
        _worker.Resume();
    }

    /// <inheritdoc/>
    protected override void AllowPeerDma(bool isAllowed)
    {
        _mayReachPeers = isAllowed;
        if (_isRunning)
        {
            // No message is under way when it was paused, and the next one looks.
            _worker.Pause();
            _worker.Resume();
        }
    }

    /// <inheritdoc/>
    protected override void Quiesce()
    {
        _isRunning = false;
        _worker.Pause();
    }

    /// <inheritdoc/>
    protected override void ResetState()
    {
        // After a refused state nothing in the lines can be relied on; the guest's own reset knows which lines were touched.
        _connections.Seed = _seed;
        _connections.Fill();
        ResetQueue();
    }

    /// <inheritdoc/>
    protected override void SealState()
    {
        LookAtMail();
        new RnicState(
            (uint)_messageBytes, _registers.IsEnabled, _registers.Faults, _registers.Setup, _queue.Indices,
            _doorbells.Values, _doorbells.Taken, _queue.Sent, _queue.Stalls, _connections.Seed, _mailbox.First, _mailbox.Last).Encode(_core.Bytes);
    }

    /// <inheritdoc/>
    protected override void ApplyState()
    {
        var state = RnicState.Decode(_core.Bytes, _messageBytes);
        _connections.Seed = state.Seed;
        _registers.Restore(state.Setup, state.IsEnabled, state.Faults);
        _doorbells.Restore(state.Doorbells, state.DoorbellsTaken);
        _queue.Configure(state.Setup);
        _queue.Restore(state.Indices, state.Sent, state.Stalls);
        _mailbox.Restore(state.FirstMail, state.LastMail);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _worker.Dispose();
            _doorbells.Dispose();
            _mailbox.Dispose();
        }

        base.Dispose(disposing);
    }

    private static RnicOptions Checked(RnicOptions options) =>
        options.Validate() is [var problem, ..] ? throw new ArgumentException(problem, nameof(options)) : options;

    private static DeviceDescription Describe(
        RnicOptions options, RnicDoorbells doorbells, RnicMailbox mailbox, StateSection core, StateSection connections) => new()
        {
            Model = ModelName,
            StateVersion = StateVersion,
            Regions =
        [
            new(RnicRegisters.RegionBytes, Readable: true, Writable: true, File: null, 0, []),
            new(0, Readable: false, Writable: false, File: null, 0, []),
            doorbells.Region,
            new(0, Readable: false, Writable: false, File: null, 0, []),
            mailbox.Region,
        ],
            InterruptCounts = [1],
            Migration = VfioMigrationFlags.StopCopy | (options.P2P ? VfioMigrationFlags.P2P : 0) | (options.PreCopy ? VfioMigrationFlags.PreCopy : 0),
            State = [connections, core],
            DmaLogPageSizes = options.DmaLogging ? options.LogPageSizes : [],
            DmaLogMaxRanges = options.LogMaxRanges,
            DmaLogMode = options.LogMode,
            SharesPageTable = options.SharesPageTable,
        };

    private void Obey(uint control)
    {
        if ((control & 2) != 0)
        {
            _connections.Forget(_queue.Sent + 1);
            ResetQueue();
        }

        var enable = (control & 3) == 1;
        if (enable && !_registers.IsEnabled)
        {
            _pace.Restart();
        }

        _registers.Enable(enable, _queue.Indices);
        _queue.Configure(_registers.Setup);
    }

    private void ResetQueue()
    {
        _registers.Reset();
        _doorbells.Restore(default, default);
        _queue.Restore(default, 0, 0);
        _mailbox.Restore(0, 0);
    }

    private TimeSpan Step()
    {
        if (Environment.TickCount64 != _mailLookedAt)
        {
            _mailLookedAt = Environment.TickCount64;
            LookAtMail();
        }

        if (!_registers.IsActive)
        {
            return _mailbox.Last == 0 ? LongSleep : ShortSleep;
        }

        if (_registers.Setup.PeerBase != 0 && !_mayReachPeers)
        {
            return ShortSleep;
        }

        if (!_queue.TryAdvance())
        {
            return Fail(RnicFaults.Unusable);
        }

        for (var sent = 0; ; sent++)
        {
            var isOver = sent == MostMessagesPerStep || _worker.IsWanted || !_pace.IsDue();
            var result = isOver ? RnicSendResult.Stalled : _queue.TrySend();
            if (result == RnicSendResult.Sent)
            {
                _pace.Spend();
                continue;
            }

            if (sent > 0)
            {
                _idleSpins = 0;
                Interrupts.Signal(0, 0);
            }

            return result switch
            {
                RnicSendResult.Unusable => Fail(RnicFaults.Unusable),
                RnicSendResult.Inconsistent => Fail(RnicFaults.Unusable | RnicFaults.Inconsistent),
                _ => sent == MostMessagesPerStep ? TimeSpan.Zero : Idle(),
            };
        }
    }

    private void LookAtMail()
    {
        if (!_mailbox.Check())
        {
            Fail(_registers.Faults | RnicFaults.Unusable | RnicFaults.MailMissing);
        }
    }

    private TimeSpan Fail(RnicFaults faults)
    {
        _registers.Fail(faults);
        _queue.LetGo();
        Interrupts.Signal(0, 0);
        return LongSleep;
    }

    // Spins a little, since on a busy ring the next buffer is near, and then gives the processor away.
    private TimeSpan Idle()
    {
        if (_idleSpins < MostIdleSpins)
        {
            _idleSpins++;
            Thread.SpinWait(SpinIterations);
            return TimeSpan.Zero;
        }

        var untilDue = _pace.UntilDue();
        return untilDue > ShortSleep ? untilDue : ShortSleep;
    }
}
