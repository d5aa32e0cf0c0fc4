using System.IO.Hashing;
using Ferry.Linux.Vfio;
using Ferry.Migration.Contracts;

namespace Ferry.Migration.Tests.Engine;

/// <summary>A device with a state of bytes that it can lose, change or refuse to give.</summary>
internal sealed class FakeDevice(string id, int stateBytes, VfioMigrationFlags flags = VfioMigrationFlags.StopCopy | VfioMigrationFlags.P2P | VfioMigrationFlags.PreCopy)
    : IMigratableDevice
{
    private readonly List<byte> _loaded = [];
    private int _given;
    private int _preCopyLeft;

    public string Id => id;

    public string Kind { get; init; } = "fake";

    public uint Version { get; init; } = 1;

    public VfioMigrationFlags Migration => flags;

    public bool IsBehindIommu { get; init; }

    public VfioDeviceState State { get; private set; } = VfioDeviceState.Running;

    public byte[] Content { get; set; } = [];

    /// <summary>The states that it refuses to enter.</summary>
    public HashSet<VfioDeviceState> Refused { get; } = [];

    /// <summary>The reads that fail, counted from 1.</summary>
    public int FailingRead { get; set; }

    /// <summary>Bytes at the end of its state that it doesn't give.</summary>
    public int LostBytes { get; set; }

    public Action<VfioDeviceState>? OnState { get; set; }

    public List<VfioDeviceState> States { get; } = [];

    public bool Runs => State is VfioDeviceState.Running or VfioDeviceState.RunningP2P or VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P;

    private int Reads { get; set; }

    public void Fill(int seed)
    {
        Content = new byte[stateBytes];
        new Random(seed).NextBytes(Content);
    }

    /// <summary>Whether a vCPU accesses it.</summary>
    public bool IsAccessed { get; set; }

    public bool IsAwaited => IsAccessed && !Runs;

    public ulong? EstimateStopCopyBytes() => (ulong)stateBytes;

    public void SetState(VfioDeviceState next)
    {
        OnState?.Invoke(next);
        if (Refused.Contains(next))
        {
            throw new InvalidOperationException($"{id} refuses {next}.");
        }

        if (!VfioStateArcs.TryGetPath(State, next, flags, out _))
        {
            throw new InvalidOperationException($"{id} can't go from {State} to {next}.");
        }

        if (State == VfioDeviceState.Resuming)
        {
            Check();
        }

        (State, var before) = (next, State);
        States.Add(next);
        switch (next)
        {
            case VfioDeviceState.PreCopy when before == VfioDeviceState.Running:
                (_given, _preCopyLeft) = (0, stateBytes / 4);
                break;
            case VfioDeviceState.StopCopy when before is not (VfioDeviceState.PreCopy or VfioDeviceState.PreCopyP2P):
                _given = 0;
                break;
            case VfioDeviceState.Resuming:
                _loaded.Clear();
                break;
        }
    }

    public int ReadData(Span<byte> buffer)
    {
        if (++Reads == FailingRead)
        {
            throw new IOException($"{id} can't read its state.");
        }

        var left = State == VfioDeviceState.StopCopy ? stateBytes - LostBytes - _given : Math.Min(_preCopyLeft, 5000);
        var count = Math.Max(0, Math.Min(left, buffer.Length));
        Content.AsSpan(_given, count).CopyTo(buffer);
        (_given, _preCopyLeft) = (_given + count, _preCopyLeft - count);
        return count;
    }

    public void WriteData(ReadOnlySpan<byte> data) => _loaded.AddRange(data);

    // A real model checks what it was given when it leaves RESUMING.
    private void Check()
    {
        if (_loaded.Count != stateBytes)
        {
            throw new InvalidDataException($"{id} got {_loaded.Count} of {stateBytes} bytes of state.");
        }

        Content = [.. _loaded];
    }

    public ulong Hash() => XxHash3.HashToUInt64(Content);
}
