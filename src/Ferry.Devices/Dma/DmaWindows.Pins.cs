using Ferry.Memory;

namespace Ferry.Devices.Dma;

public sealed partial class DmaWindows
{
    private static readonly IovaRange Everywhere = new(new(0), ulong.MaxValue);

    private readonly DmaPins? _pins;

    /// <summary>Whether pages have to be pinned before they are written, which is where the log reports what is pinned.</summary>
    public bool NeedsPins => _pins is not null;

    /// <summary>The number of pages of 4 KiB that are pinned, for whatever; from any thread.</summary>
    public int PinnedPages => _pins?.Count ?? 0;

    /// <summary>Pins the pages of 4 KiB that hold the bytes: for write, so that they may be written; for read, to know that they are mapped.</summary>
    /// <remarks>A page may be pinned several times, and is pinned until each was undone or its window goes. Pages that are pinned for write
    /// are in every report of the log. From any thread. Allocates only where more pages are pinned than ever before.</remarks>
    /// <returns>False, with nothing pinned, where not all of it is mapped for that, or more would be pinned than may be.</returns>
    /// <exception cref="InvalidOperationException">The log reports what is written: nothing needs to be pinned.</exception>
    public bool TryPin(Iova start, int lengthBytes, DmaAccess access)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        var pins = Pins();
        _gate.Enter();
        var isPinned = IsMapped(start, lengthBytes, access) && pins.TryPin(start, lengthBytes, access);
        _gate.Leave();
        return isPinned;
    }

    /// <summary>Undoes one pin of each of the pages, which are in the next report once more. A page that is not pinned, since its window
    /// went, is passed over.</summary>
    /// <remarks>From any thread. A write of another thread that is under way is logged when it ends.</remarks>
    /// <exception cref="InvalidOperationException">The log reports what is written: nothing is pinned.</exception>
    public void Unpin(Iova start, int lengthBytes, DmaAccess access)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        var pins = Pins();
        _gate.Enter();
        pins.Unpin(start, lengthBytes, access);
        _gate.Leave();
    }

    /// <summary>Undoes every pin; does nothing where nothing is pinned.</summary>
    public void UnpinAll()
    {
        _gate.Enter();
        _pins?.Forget(Everywhere);
        _gate.Leave();
    }

    private DmaPins Pins() => _pins ?? throw new InvalidOperationException("Pages are pinned only where the log reports what is pinned.");

    // With the gate held; reading dirties nothing and needs no pin.
    private bool MayAccess(Iova start, int lengthBytes, DmaAccess access) =>
        _pins is null || access == DmaAccess.Read || lengthBytes == 0 || _pins.ArePinnedForWrite(start, lengthBytes);
}
