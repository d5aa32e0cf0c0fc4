using Ferry.Linux;
using Ferry.Memory;

namespace Ferry.Tracking.Tests.Providers;

/// <summary>What the kernel's models of DMA tracking share: mappings, pages that were written, and calls that can be made to fail.</summary>
internal abstract class KernelModel
{
    private readonly HashSet<ulong> _dirty = [];
    private int _failing;

    protected KernelModel(params IovaRange[] mappings) => Mappings = mappings;

    public IReadOnlyList<IovaRange> Mappings { get; set; }

    /// <summary>The number of calls since <see cref="FailAt"/>.</summary>
    public int Count { get; private set; }

    public bool IsTracking { get; protected set; }

    protected Lock Gate { get; } = new();

    /// <summary>Fails the <paramref name="call"/>-th call from now on, counted from 1.</summary>
    public bool FailAt(int call)
    {
        (_failing, Count) = (call, 0);
        return true;
    }

    /// <summary>A device writes the page of 4 KiB at an address.</summary>
    public void Write(ulong address)
    {
        lock (Gate)
        {
            if (IsTracking && TryFind(address, out _))
            {
                _dirty.Add(address >> 12);
            }
        }
    }

    /// <summary>Finds the mapping that holds an address.</summary>
    protected bool TryFind(ulong address, out IovaRange mapping)
    {
        for (var i = 0; i < Mappings.Count; i++)
        {
            mapping = Mappings[i];
            if (mapping.Start.Value <= address && address <= mapping.Last.Value)
            {
                return true;
            }
        }

        mapping = default;
        return false;
    }

    protected void Pass()
    {
        if (++Count == _failing)
        {
            throw new KernelCallException("ioctl(test)", 5, $"call {_failing}");
        }
    }

    protected static void Require(bool valid)
    {
        if (!valid)
        {
            throw new KernelCallException("ioctl(test)", 22, "the kernel takes no such range");
        }
    }

    protected void Forget() => _dirty.Clear();

    /// <summary>Whether one of the pages in [start, start + length) was written; forgets it where that is asked for.</summary>
    protected bool Take(ulong start, ulong lengthBytes, bool clear)
    {
        var found = false;
        for (var page = start >> 12; page < (start + lengthBytes) >> 12; page++)
        {
            found |= clear ? _dirty.Remove(page) : _dirty.Contains(page);
        }

        return found;
    }
}
