using System.Buffers.Binary;
using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Machines;

/// <summary>A device that writes memory by DMA, changes its own state, and reaches others, as long as its migration state lets it.</summary>
/// <remarks>Its state goes over in records of 64 bytes: pre-copy gives those that changed, stop-copy the rest. What it wrote to memory it logs a
/// little later, and at the latest when it stops.</remarks>
internal sealed class SimDevice(SimHost host, Dice dice, string id, VfioMigrationFlags flags, int chunks) : IMigratableDevice
{
    private const int ChunkBytes = 64;
    private const int HeadBytes = 4;

    private readonly bool[] _changed = new bool[chunks];
    private readonly Queue<ulong> _unlogged = new();
    private readonly byte[] _record = new byte[HeadBytes + ChunkBytes];
    private int _recordDone = HeadBytes + ChunkBytes;
    private int _recordLoaded;
    private bool _isLoaded;
    private int _arcs;
    private int _reads;
    private int _loads;

    public string Id => id;

    public string Kind => "simulated";

    public uint Version => 1;

    public VfioMigrationFlags Migration => flags;

    public bool IsBehindIommu => false;

    public VfioDeviceState State { get; private set; } = VfioDeviceState.Running;

    public bool IsAwaited { get; set; }

    public bool IsEarly { get; init; }

    /// <summary>Whether its state is its own from the start; a destination's device does nothing before it was loaded and let run.</summary>
    public bool IsLive { get; set; }

    /// <summary>Whether it does what a device in its state does.</summary>
    public bool IsActive => IsLive && State is VfioDeviceState.Running or VfioDeviceState.RunningP2P or VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P;

    /// <summary>Whether it refused an arc and stayed behind: the machine then holds back who accesses it, and the report says so.</summary>
    public bool IsStuck => Fault == DeviceFault.Refuse && _arcs >= FaultAt;

    public byte[] Content { get; } = new byte[chunks * ChunkBytes];

    public SimMachine Machine { get; set; } = null!;

    public List<SimDevice> Reaches { get; } = [];

    public DeviceFault Fault { get; init; }

    /// <summary>The arc, read or write that it strikes, from 1.</summary>
    public int FaultAt { get; init; }

    /// <summary>A rule that is broken on purpose: it stops without logging what it wrote last.</summary>
    public bool ForgetsLastWrites { get; init; }

    public ulong? EstimateStopCopyBytes() => (ulong)Content.Length;

    /// <summary>One step of its own.</summary>
    public void Act()
    {
        if (!IsActive)
        {
            return;
        }

        if (dice.Chance(25))
        {
            var page = Machine.PickPage(dice);
            Machine.Write(id, page, dice, _unlogged.Enqueue);
        }

        if (dice.Chance(10))
        {
            Change(dice.Below(Content.Length), (byte)dice.Next());
        }

        if (Reaches.Count > 0 && State is VfioDeviceState.Running or VfioDeviceState.PreCopy && dice.Chance(20))
        {
            Reaches[dice.Below(Reaches.Count)].TakeFromPeer(id, dice);
        }

        if (dice.Chance(50))
        {
            Log();
        }
    }

    /// <summary>A vCPU or another device writes one of its registers.</summary>
    public void Change(int at, byte value)
    {
        Content[at] = value;
        _changed[at / ChunkBytes] = true;
    }

    public void SetState(VfioDeviceState next)
    {
        host.Scheduler.Point("set state");
        if (!VfioStateArcs.TryGetPath(State, next, flags, out var path))
        {
            throw new InvalidOperationException($"{id} can't go from {State} to {next}.");
        }

        foreach (var state in path)
        {
            host.Sleep(TimeSpan.FromTicks(dice.Below(2000)));
            Fail(state);
            Take(state);
            if (Fault == DeviceFault.Error && FaultAt == _arcs)
            {
                Log();
                State = VfioDeviceState.Error;
                throw new IOException($"{id} is in ERROR after the arc to {state}.");
            }
        }
    }

    public int ReadData(Span<byte> buffer)
    {
        host.Scheduler.Point("read state");
        if (++_reads == FaultAt && Fault == DeviceFault.Read)
        {
            throw new IOException($"{id} can't read its state.");
        }

        // Any number of bytes, also within a record.
        var most = Math.Min(buffer.Length, dice.Between(1, 400));
        var given = 0;
        while (given < most && (_recordDone < _record.Length || NextRecord()))
        {
            var part = Math.Min(most - given, _record.Length - _recordDone);
            _record.AsSpan(_recordDone, part).CopyTo(buffer[given..]);
            (given, _recordDone) = (given + part, _recordDone + part);
        }

        if (Fault == DeviceFault.LoseState && _reads == FaultAt && given > 1)
        {
            return given - 1;
        }

        return given;
    }

    public void WriteData(ReadOnlySpan<byte> data)
    {
        host.Scheduler.Point("write state");
        if (++_loads == FaultAt && Fault == DeviceFault.Write)
        {
            throw new IOException($"{id} can't take its state.");
        }

        foreach (var one in data)
        {
            _record[_recordLoaded++] = one;
            if (_recordLoaded == _record.Length)
            {
                _recordLoaded = 0;
                var chunk = BinaryPrimitives.ReadUInt16LittleEndian(_record);
                if (chunk >= chunks || BinaryPrimitives.ReadUInt16LittleEndian(_record.AsSpan(2)) != (ushort)~chunk)
                {
                    throw new InvalidDataException($"{id} got what is no state of its kind.");
                }

                _record.AsSpan(HeadBytes).CopyTo(Content.AsSpan(chunk * ChunkBytes));
            }
        }
    }

    private void TakeFromPeer(string writer, Dice dice)
    {
        if (IsActive)
        {
            Change(dice.Below(Content.Length), (byte)dice.Next());
        }
        else if ((IsLive || _isLoaded) && State != VfioDeviceState.Error && !IsStuck)
        {
            throw new InvalidOperationException($"The DMA of {writer} reached {id}, which is in {State}.");
        }
    }

    private void Fail(VfioDeviceState state)
    {
        _arcs++;
        if (_arcs != FaultAt)
        {
            return;
        }

        if (Fault == DeviceFault.Refuse)
        {
            throw new InvalidOperationException($"{id} refuses the arc from {State} to {state}.");
        }

        if (Fault == DeviceFault.Slow)
        {
            host.Sleep(TimeSpan.FromMilliseconds(dice.Between(100, 8_000)));
        }
    }

    private void Take(VfioDeviceState to)
    {
        var from = State;
        if (from == VfioDeviceState.Resuming)
        {
            CheckLoaded();
        }

        if (to is VfioDeviceState.Stop or VfioDeviceState.StopCopy)
        {
            StopWriting();
        }

        if (to == VfioDeviceState.PreCopy && from == VfioDeviceState.Running || to == VfioDeviceState.StopCopy && from == VfioDeviceState.Stop)
        {
            Array.Fill(_changed, true);
            _recordDone = _record.Length;
        }

        if (to is VfioDeviceState.Running or VfioDeviceState.RunningP2P && from == VfioDeviceState.Stop && (IsLive || _isLoaded))
        {
            Machine.Starts(id);
            (IsLive, IsAwaited) = (true, false);
        }

        if (to == VfioDeviceState.Resuming)
        {
            (_recordLoaded, _isLoaded) = (0, true);
        }

        State = to;
    }

    // A device that never got its state comes back from RESUMING as it was made.
    private void CheckLoaded()
    {
        if (_recordLoaded != 0)
        {
            throw new InvalidDataException($"{id} got a part of a record of its state.");
        }
    }

    private void StopWriting()
    {
        if (!ForgetsLastWrites)
        {
            Log();
        }

        _unlogged.Clear();
    }

    private void Log()
    {
        while (_unlogged.TryDequeue(out var page))
        {
            Machine.Mark(id, page);
        }
    }

    private bool NextRecord()
    {
        var chunk = Array.IndexOf(_changed, true);
        if (chunk < 0)
        {
            return false;
        }

        _changed[chunk] = false;
        BinaryPrimitives.WriteUInt16LittleEndian(_record, (ushort)chunk);
        BinaryPrimitives.WriteUInt16LittleEndian(_record.AsSpan(2), (ushort)~chunk);
        Content.AsSpan(chunk * ChunkBytes, ChunkBytes).CopyTo(_record.AsSpan(HeadBytes));
        _recordDone = 0;
        return true;
    }
}
