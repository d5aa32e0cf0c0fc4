using Ferry.Devices.Dma;

namespace Ferry.Devices.Models;

/// <summary>What an rnic has pinned, where it has to: its rings and its peer's mailbox while it is enabled, and each posted buffer until its message is completed.</summary>
/// <remarks>Touched by the worker, or while it is paused. Buffers are pinned in the order in which they were posted, some at each look at
/// the doorbells, and their descriptors are read then; messages go only to those.</remarks>
internal sealed class RnicPins(DmaWindows dma, int messageBytes)
{
    private const uint MostAtOnce = 64;

    private RnicDescriptor[] _posted = [];
    private bool _holdsRings;
    private uint _mask;

    /// <summary>The index behind the last descriptor that was read and pinned; says something once <see cref="TryAdvance"/> was called.</summary>
    public uint Tail { get; private set; }

    /// <summary>The descriptor of an index before <see cref="Tail"/>.</summary>
    public RnicDescriptor Descriptor(uint index) => _posted[index & _mask];

    /// <summary>Pins the rings where they are not pinned, and some of the posted buffers; false where a ring can't be.</summary>
    /// <param name="setup">The rings.</param>
    /// <param name="indices">How far they are.</param>
    /// <param name="read">Reads the descriptor of an index, once.</param>
    public bool TryAdvance(in RnicSetup setup, in RnicIndices indices, Func<uint, RnicDescriptor> read)
    {
        if (!_holdsRings && !TryPinRings(setup, indices.RxHead))
        {
            return false;
        }

        for (var left = MostAtOnce; left > 0 && Tail != indices.RxTail; left--, Tail++)
        {
            var descriptor = read(Tail);
            // What can't be pinned is an error when its message is due, as it is where nothing is pinned.
            _posted[Tail & _mask] = descriptor with { IsUsable = descriptor.IsUsable && dma.TryPin(descriptor.Buffer, messageBytes, DmaAccess.Write) };
        }

        return true;
    }

    /// <summary>Lets go of a buffer whose message is completed.</summary>
    public void Release(RnicDescriptor descriptor) => dma.Unpin(descriptor.Buffer, messageBytes, DmaAccess.Write);

    /// <summary>Lets go of everything; what is posted is pinned again when the device goes on.</summary>
    public void ReleaseAll()
    {
        _holdsRings = false;
        dma.UnpinAll();
    }

    private bool TryPinRings(in RnicSetup setup, uint head)
    {
        if (!dma.TryPin(new(setup.RxBase), (int)setup.RxEntries * RnicQueue.DescriptorBytes, DmaAccess.Read))
        {
            return false;
        }

        if (!dma.TryPin(new(setup.CqBase), (int)setup.CqEntries * RnicQueue.CompletionBytes, DmaAccess.Write)
            || (setup.PeerBase != 0 && !dma.TryPin(new(setup.PeerBase), RnicMailbox.RegionBytes, DmaAccess.Write)))
        {
            dma.UnpinAll();
            return false;
        }

        if (_posted.Length != setup.RxEntries)
        {
            _posted = new RnicDescriptor[setup.RxEntries];
        }

        (_holdsRings, _mask, Tail) = (true, setup.RxEntries - 1, head);
        return true;
    }
}
