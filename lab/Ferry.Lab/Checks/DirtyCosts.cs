using System.Diagnostics;
using System.Globalization;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>Times the kernel's reports of mappings of several sizes. The lab is emulated: the growth means something, the figures don't.</summary>
internal sealed class DirtyCosts
{
    private const int Repeats = 5;

    private readonly List<string> _found = [];
    private double _largestMiB;
    private double _largestMilliseconds;

    /// <summary>The sizes, in bytes: what the lab's memory allows.</summary>
    public static IReadOnlyList<ulong> Sizes { get; } = [64 << 20, 128 << 20, 256 << 20, 512 << 20];

    /// <summary>Adds a mapping of a size: the median of a few reports, after one that is not counted.</summary>
    /// <param name="range">The mapping.</param>
    /// <param name="dirtyPages">How many pages of 4K each report has to hold.</param>
    /// <param name="prepare">Makes them dirty, where they are not always.</param>
    /// <param name="report">Sets their bits in words that are 0.</param>
    /// <exception cref="CheckFailedException">A report holds another number.</exception>
    public void Add(IovaRange range, ulong dirtyPages, Action prepare, Action<ulong[]> report)
    {
        var words = new ulong[(range.LengthBytes >> 12) / 64];
        var times = new double[Repeats];
        for (var i = -1; i < Repeats; i++)
        {
            Array.Clear(words);
            prepare();
            var began = Stopwatch.GetTimestamp();
            report(words);
            times[Math.Max(0, i)] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var found = words.Aggregate(0UL, (sum, word) => sum + ulong.PopCount(word));
            LabContext.Require(found == dirtyPages, $"{found} pages of {range.LengthBytes >> 20} MiB were reported, and {dirtyPages} are dirty");
        }

        Array.Sort(times);
        (_largestMiB, _largestMilliseconds) = (range.LengthBytes >> 20, times[Repeats / 2]);
        _found.Add(string.Create(CultureInfo.InvariantCulture, $"{range.LengthBytes >> 20}M {_largestMilliseconds:0.00} ms"));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", _found)}: {_largestMilliseconds / _largestMiB * 1024:0.0} ms a GiB");
}
