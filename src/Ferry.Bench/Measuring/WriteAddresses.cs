using Ferry.Bench.Model;
using Ferry.Bench.Profiles;

namespace Ferry.Bench.Measuring;

/// <summary>Where a device is told to write next, by the pattern of a point.</summary>
internal sealed class WriteAddresses
{
    private readonly AccessPattern _pattern;
    private readonly ulong _slots;
    private readonly ulong _strideBytes;
    private readonly ulong _hot;
    private readonly Random _random;
    private ulong _next;

    private WriteAddresses(AccessPattern pattern, ulong slots, ulong strideBytes, int seed)
    {
        (_pattern, _slots, _strideBytes, _random) = (pattern, slots, strideBytes, new Random(seed));
        _hot = Math.Max(1, (ulong)(slots * DirtyGrowth.HotPart));
    }

    /// <summary>Writes without an end, one message beside the other, within the first bytes of memory.</summary>
    internal static WriteAddresses Within(ulong workingSetBytes, ulong messageBytes, AccessPattern pattern, int seed) =>
        new(pattern, Math.Max(1, workingSetBytes / messageBytes), messageBytes, seed);

    /// <summary>A given number of writes that lie as far from each other as memory allows; sequential ones lie side by side.</summary>
    internal static WriteAddresses Spread(ulong memoryBytes, ulong count, ulong messageBytes, AccessPattern pattern, int seed)
    {
        var slots = Math.Max(1, Math.Min(count, memoryBytes / messageBytes));
        return pattern switch
        {
            AccessPattern.Sequential => new(pattern, slots, messageBytes, seed),
            AccessPattern.Skewed => new(pattern, memoryBytes / messageBytes, messageBytes, seed),
            // Each slot in turn: none is written twice, so that as many pages are written as were asked for.
            _ => new(AccessPattern.Sequential, slots, memoryBytes / slots / 4096 * 4096 is > 0 and var pages && pages >= messageBytes ? pages : messageBytes, seed),
        };
    }

    /// <summary>The address of the next write.</summary>
    internal ulong Next() => Slot() * _strideBytes;

    private ulong Slot()
    {
        switch (_pattern)
        {
            case AccessPattern.Sequential:
                var slot = _next;
                _next = _next + 1 == _slots ? 0 : _next + 1;
                return slot;
            case AccessPattern.Skewed when _random.NextDouble() < DirtyGrowth.HotWrites:
                return (ulong)_random.NextInt64((long)_hot);
            case AccessPattern.Skewed:
                return Math.Min(_slots - 1, _hot + (ulong)_random.NextInt64((long)Math.Max(1, _slots - _hot)));
            default:
                return (ulong)_random.NextInt64((long)_slots);
        }
    }
}
