using Ferry.Memory;

namespace Ferry.Conform;

/// <summary>The machine that the device believes in: memory that it may write, and a window that stands for another device's region.</summary>
/// <remarks>A copy of all of it tells what the device wrote, whatever it says itself: what the driver writes goes to the copy as well.
/// Not thread-safe, but against the device.</remarks>
public sealed class MachineMemory : IDisposable
{
    private const ulong RamStart = 1UL << 30;
    private const ulong PeerStart = 1UL << 33;
    // As large as the largest pages that a log is asked for.
    private const ulong PeerBytes = 2 << 20;

    private readonly MemoryWindow _ram;
    private readonly MemoryWindow _peer = new(new(new(PeerStart), PeerBytes));

    internal MachineMemory(int ramBytes) => _ram = new(new(new(RamStart), (ulong)ramBytes));

    /// <summary>The memory.</summary>
    public IovaRange Ram => _ram.Range;

    /// <summary>The window of another device.</summary>
    public IovaRange Peer => _peer.Range;

    /// <summary>Writes to the memory as the machine's own processor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not all memory.</exception>
    public void Write(Iova address, ReadOnlySpan<byte> data) => _ram.Write(address, data);

    /// <summary>Reads the memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not all memory.</exception>
    public void Read(Iova address, Span<byte> data) => _ram.Read(address, data);

    /// <inheritdoc/>
    public void Dispose()
    {
        _ram.Dispose();
        _peer.Dispose();
    }

    internal void MapFor(IDeviceUnderTest device)
    {
        device.MapDma(Ram, _ram.File, _ram.Host);
        device.MapDma(Peer, _peer.File, _peer.Host);
    }

    /// <summary>Puts a pattern everywhere, so that a device which writes zeros is seen too.</summary>
    internal void Fill()
    {
        _ram.Fill();
        _peer.Fill();
    }

    /// <summary>Takes the copy that <see cref="ChangedRam"/> compares with.</summary>
    internal void Remember()
    {
        _ram.Remember();
        _peer.Remember();
    }

    /// <summary>The pages of 4 KiB that differ from the copy; the caller's to dispose.</summary>
    internal DirtyBitmap ChangedRam() => _ram.Changed();

    /// <summary>How many pages of the peer's window differ from the copy.</summary>
    internal ulong CountChangedPeer()
    {
        using var changed = _peer.Changed();
        return changed.Count();
    }

    /// <summary>How many pages of memory differ from the copy, and the first of them.</summary>
    internal ulong CountChangedRam(out Iova first)
    {
        using var changed = ChangedRam();
        first = changed.TryNextRun(0, changed.PageCount, out var page, out _) ? new(Ram.Start.Value + (page << 12)) : default;
        return changed.Count();
    }
}
