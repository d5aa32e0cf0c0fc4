namespace Ferry.Devices.Dma;

/// <summary>Lets DMA in at the price of one interlocked operation, and keeps it out while what it relies on changes.</summary>
/// <remarks>Many may be inside, or one holds it closed. Closing also orders memory: what was written inside is seen by whoever comes
/// after. The inside must not wait for the one that closes.</remarks>
internal sealed class DmaGate
{
    private int _inside;
    private volatile bool _isClosed;

    public void Enter()
    {
        var spin = default(SpinWait);
        while (true)
        {
            if (!_isClosed)
            {
                // The increment is a full fence, and so is the one in Close: at least one side sees the other.
                Interlocked.Increment(ref _inside);
                if (!_isClosed)
                {
                    return;
                }

                Interlocked.Decrement(ref _inside);
            }

            spin.SpinOnce();
        }
    }

    public void Leave() => Interlocked.Decrement(ref _inside);

    /// <summary>Returns when nobody is inside, and nobody gets in until <see cref="Open"/>. For one thread at a time.</summary>
    public void Close()
    {
        _isClosed = true;
        Interlocked.MemoryBarrier();
        var spin = default(SpinWait);
        while (Volatile.Read(ref _inside) != 0)
        {
            spin.SpinOnce();
        }
    }

    public void Open() => _isClosed = false;
}
