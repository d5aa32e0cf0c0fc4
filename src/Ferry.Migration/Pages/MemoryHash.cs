using System.IO.Hashing;
using System.Numerics;

namespace Ferry.Migration.Pages;

/// <summary>A hash of all guest memory that does not tell a hole from a page of zeros.</summary>
/// <remarks>Every page that is not zero contributes a mix of its number and its hash, zero pages contribute nothing, and contributions add up
/// modulo 2^64: so threads may hash in any order, and pages that were never touched are not touched for it. Sums are kept for groups of
/// stripes, so that a difference can be placed.</remarks>
internal sealed class MemoryHash(PageLayout layout)
{
    internal const int MaxGroups = 4096;

    private readonly ulong[] _groups = new ulong[Math.Min(MaxGroups, layout.StripeCount)];

    internal ulong Total
    {
        get
        {
            ulong total = 0;
            foreach (var group in _groups)
            {
                total += group;
            }

            return total;
        }
    }

    internal ReadOnlySpan<ulong> Groups => _groups;

    /// <summary>Hashes the stripes of a group, once. Different groups may be hashed at the same time.</summary>
    /// <param name="group">Which.</param>
    /// <param name="populated">The pages to look at; all others are known to be zero.</param>
    internal void Add(int group, PageBits populated)
    {
        ulong sum = 0;
        for (var stripe = FirstStripe(group); stripe < FirstStripe(group + 1); stripe++)
        {
            var words = populated.WordsOfStripe(stripe);
            for (var i = 0; i < words.Length; i++)
            {
                for (var word = words[i]; word != 0; word &= word - 1)
                {
                    var page = (stripe * PageLayout.StripePages) + ((uint)i * 64) + (uint)BitOperations.TrailingZeroCount(word);
                    sum += Contribution(page, layout.SpanOf(page, 1));
                }
            }
        }

        _groups[group] = sum;
    }

    internal uint FirstStripe(int group) => (uint)((ulong)group * layout.StripeCount / (ulong)_groups.Length);

    private static ulong Contribution(uint page, ReadOnlySpan<byte> bytes)
    {
        if (!bytes.ContainsAnyExcept((byte)0))
        {
            return 0;
        }

        // The finaliser of SplitMix64 makes pages that change places change the sum.
        var mixed = XxHash3.HashToUInt64(bytes) + ((page + 1UL) * 0x9e3779b97f4a7c15);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
}
