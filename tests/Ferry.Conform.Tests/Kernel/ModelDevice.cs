using System.IO.Hashing;
using Ferry.Conform.Kernel;
using Ferry.Linux;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Conform.Tests.Kernel;

/// <summary>A device as a kernel's driver answers for it, with every state and an empty log, that can be made wrong in one thing.</summary>
internal sealed class ModelDevice : IKernelCalls
{
    public const int PreCopyBytes = 1000;
    private const int StateBytes = 1500;
    private const int NoDevice = 19;
    private const int Invalid = 22;
    private const int TooBig = 7;
    private const int MaxRanges = 256;
    private static readonly VfioMigrationFlags Everything = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy;

    private IReadOnlyList<IovaRange>? _logged;
    private ModelSession? _session;

    public ModelDevice()
    {
        Stream = new byte[StateBytes + sizeof(uint)];
        Random.Shared.NextBytes(Stream.AsSpan(0, StateBytes));
        Crc32.Hash(Stream.AsSpan(0, StateBytes), Stream.AsSpan(StateBytes));
    }

    /// <summary>What the device saves: its state and a checksum.</summary>
    public byte[] Stream { get; private set; }

    public VfioDeviceState State { get; private set; } = VfioDeviceState.Running;

    public bool SaysReset { get; init; } = true;

    public VfioMigrationFlags Migration { get; init; } = Everything;

    public bool HasDmaLog { get; init; } = true;

    /// <summary>Whether a transition opens a session; the rule, unless a test breaks it.</summary>
    public Func<VfioDeviceState, VfioDeviceState, bool> Opens { get; init; } = OpensByRule;

    /// <summary>Whether sessions go on when they have ended.</summary>
    public bool KeepsEndedSessions { get; init; }

    /// <summary>Whether the temporary end is a read of nothing; else it is ENOMSG, as it must be.</summary>
    public bool EndsByNothing { get; init; }

    /// <summary>Whether the end of STOP_COPY is ENOMSG; else it is a read of nothing, as it must be.</summary>
    public bool NeverEnds { get; init; }

    /// <summary>What it says that pre-copy has: the truth, unless a test breaks it.</summary>
    public Func<VfioPreCopyInfo, VfioPreCopyInfo> Info { get; init; } = info => info;

    /// <summary>Whether it says so in every state.</summary>
    public bool InfoEverywhere { get; init; }

    /// <summary>Whether a report sets a bit behind the last page.</summary>
    public bool ReportsBeyond { get; init; }

    /// <summary>Refuses to map memory, with this error.</summary>
    public int MapErrno { get; init; }

    /// <summary>What an estimate waits for before it is given.</summary>
    public WaitHandle? EstimateWaits { get; init; }

    public bool IsDisposed { get; private set; }

    public IReadOnlyList<string> Opening { get; } = ["open a model"];

    public string MapRequest => "MAP";

    public static bool OpensByRule(VfioDeviceState from, VfioDeviceState to) =>
        to == VfioDeviceState.Resuming || (IsSaving(to) && !IsSaving(from));

    public static bool IsSaving(VfioDeviceState state) => state is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P or VfioDeviceState.StopCopy;

    public VfioDeviceInfo GetInfo() => new(SaysReset, IsPci: false, 0, 0);

    public VfioMigrationFlags GetMigrationFlags() => Migration;

    public VfioDeviceState GetState() => State;

    public IKernelSession? SetState(VfioDeviceState next)
    {
        if (!VfioStateArcs.TryGetPath(State, next, Migration, out var path))
        {
            throw Failure(Invalid);
        }

        ModelSession? opened = null;
        foreach (var step in path)
        {
            opened = Take(step);
        }

        return opened;
    }

    public ulong? EstimateStopCopyBytes()
    {
        EstimateWaits?.WaitOne();
        return (ulong)Stream.Length;
    }

    public void Map(IovaRange range, Hva memory)
    {
        if (MapErrno != 0)
        {
            throw Failure(MapErrno);
        }
    }

    public PageSize StartDmaLog(IReadOnlyList<IovaRange> ranges, PageSize pageSize)
    {
        if (_logged is not null || ranges.Count > MaxRanges)
        {
            throw Failure(_logged is null ? TooBig : Invalid);
        }

        _logged = ranges;
        return pageSize;
    }

    public void StopDmaLog() => _logged = _logged is null ? throw Failure(Invalid) : null;

    public void ReportDmaLog(IovaRange range, PageSize pageSize, Span<ulong> words)
    {
        if (_logged is null)
        {
            throw Failure(Invalid);
        }

        if (ReportsBeyond)
        {
            var pages = range.LengthBytes >> pageSize.Shift;
            words[(int)(pages / 64)] |= 1UL << (int)(pages % 64);
        }
    }

    public ulong GetRegionBytes(int region) => 0;

    public void ReadRegion(int region, ulong offset, Span<byte> data) => throw Failure(Invalid);

    public void WriteRegion(int region, ulong offset, ReadOnlySpan<byte> data) => throw Failure(Invalid);

    public void SetInterrupt(int index, EventFile signal) => throw Failure(Invalid);

    public void Reset()
    {
        End();
        State = VfioDeviceState.Running;
    }

    public void Dispose() => IsDisposed = true;

    private static KernelCallException Failure(int errno) => new("model", errno, "a model");

    private ModelSession? Take(VfioDeviceState next)
    {
        var from = State;
        if (from == VfioDeviceState.Resuming && !_session!.TryLoad())
        {
            End();
            State = VfioDeviceState.Error;
            throw Failure(Invalid);
        }

        if (!IsSaving(next) || !IsSaving(from))
        {
            End();
        }

        State = next;
        var opens = Opens(from, next);
        if (opens && (OpensByRule(from, next) || _session is null))
        {
            _session = new ModelSession(this, isSaving: IsSaving(next));
        }

        return opens ? _session : null;
    }

    private void End()
    {
        if (_session is not null)
        {
            _session.HasEnded = !KeepsEndedSessions;
            _session = null;
        }
    }

    private sealed class ModelSession(ModelDevice device, bool isSaving) : IKernelSession
    {
        private readonly List<byte> _loaded = [];
        private int _given;

        public bool HasEnded { get; set; }

        public DataRead Read(Span<byte> buffer)
        {
            RequireOpen(isSaving);
            var isStopped = device.State == VfioDeviceState.StopCopy;
            var read = Math.Min(buffer.Length, Math.Max((isStopped ? device.Stream.Length : PreCopyBytes) - _given, 0));
            device.Stream.AsSpan(_given, read).CopyTo(buffer);
            _given += read;
            return new(read, read > 0 ? null : isStopped ? device.NeverEnds : !device.EndsByNothing);
        }

        public void Write(ReadOnlySpan<byte> data)
        {
            RequireOpen(!isSaving);
            if (_loaded.Count + data.Length > device.Stream.Length)
            {
                throw Failure(Invalid);
            }

            _loaded.AddRange(data);
        }

        public VfioPreCopyInfo GetPreCopyInfo()
        {
            RequireOpen(isSaving);
            return device.State is VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P || device.InfoEverywhere
                ? device.Info(new((ulong)Math.Max(PreCopyBytes - _given, 0), 0))
                : throw Failure(Invalid);
        }

        public bool TryLoad()
        {
            byte[] loaded = [.. _loaded];
            if (loaded.Length != device.Stream.Length || !Crc32.Hash(loaded.AsSpan(0, StateBytes)).AsSpan().SequenceEqual(loaded.AsSpan(StateBytes)))
            {
                return false;
            }

            device.Stream = loaded;
            return true;
        }

        public void Dispose()
        {
        }

        private void RequireOpen(bool isRight)
        {
            if (HasEnded || !isRight)
            {
                throw Failure(HasEnded ? NoDevice : Invalid);
            }
        }
    }
}
