using Ferry.Memory;

namespace Ferry.Benchmarks.Bitmap;

/// <summary>One operation on a 32 MiB bitmap (1 TiB of 4 KiB pages), done in C, by <see cref="DirtyBitmap"/> and naively, on the same data.</summary>
public sealed unsafe class BitmapCase : IDisposable
{
    private const ulong GuestBytes = 1UL << 40;
    private readonly ulong[] _sourceTemplate;
    private readonly ulong[] _targetTemplate;

    private BitmapCase(PageSize sourceSize, PageSize targetSize, Func<Random, ulong> sourceWord, ulong targetTailPages = 0)
    {
        Source = new(new(new(0), GuestBytes), sourceSize);
        Target = new(new(new(0), GuestBytes + (targetTailPages << targetSize.Shift)), targetSize);
        var random = new Random(1);
        _sourceTemplate = [.. Enumerable.Range(0, Source.Words.Length).Select(_ => sourceWord(random))];
        _targetTemplate = [.. Enumerable.Range(0, Target.Words.Length).Select(_ => Sparse(random))];
        Restore();
    }

    public required Func<BitmapCase, ulong> Native { get; init; }

    public required Func<BitmapCase, ulong> Managed { get; init; }

    public required Func<BitmapCase, ulong> Naive { get; init; }

    public DirtyBitmap Source { get; }

    public DirtyBitmap Target { get; }

    internal ulong* SourceWords => Pointer(Source);

    internal ulong* TargetWords => Pointer(Target);

    internal nuint SourceCount => (nuint)Source.Words.Length;

    /// <summary>All operations; each case holds 64 MiB or more until it is disposed.</summary>
    public static IReadOnlyDictionary<string, Func<BitmapCase>> All { get; } = new Dictionary<string, Func<BitmapCase>>
    {
        ["or and count"] = () => new(PageSize.Size4K, PageSize.Size4K, Sparse)
        {
            Native = c => NativeLoops.OrCount(c.TargetWords, c.SourceWords, c.SourceCount),
            Managed = c => c.Target.Or(c.Source),
            Naive = c => NaiveLoops.OrCount(c.Target.Words, c.Source.Words),
        },
        ["or and count, 13 bits off"] = () => new(PageSize.Size4K, PageSize.Size4K, Sparse, 64)
        {
            Native = c => NativeLoops.OrCountShifted(c.TargetWords, c.SourceWords, c.SourceCount, 13),
            Managed = c => c.Target.Or(c.Source.Words, new(13 << 12), PageSize.Size4K, c.Source.PageCount),
            Naive = c => NaiveLoops.OrCountShifted(c.Target.Words, c.Source.Words, 13),
        },
        ["count"] = () => new(PageSize.Size4K, PageSize.Size4K, Dense)
        {
            Native = c => NativeLoops.Count(c.SourceWords, c.SourceCount),
            Managed = c => c.Source.Count(),
            Naive = c => NaiveLoops.Count(c.Source.Words),
        },
        ["runs, clean"] = () => Runs(_ => 0),
        ["runs, sparse"] = () => Runs(Sparse),
        ["runs, long"] = () => Runs(Long),
        ["runs, dense"] = () => Runs(Dense),
        ["drain, clean"] = () => Drain(_ => 0),
        ["drain, sparse"] = () => Drain(Sparse),
        ["drain, dense"] = () => Drain(Dense),
        ["widen 2M to 4K"] = () => Widen(PageSize.Size2M),
        ["widen 64K to 4K"] = () => Widen(new(64 << 10)),
        ["narrow 4K to 64K"] = () => Narrow(new(64 << 10), Sparse),
        ["narrow 4K to 2M"] = () => Narrow(PageSize.Size2M, Dense),
    };

    /// <summary>Puts both bitmaps back to what they were at first.</summary>
    public void Restore()
    {
        _sourceTemplate.CopyTo(Source.Words);
        _targetTemplate.CopyTo(Target.Words);
    }

    /// <summary>What memory allows: the larger of the two, 32 MiB, copied once.</summary>
    public void Copy()
    {
        var (template, bitmap) = _targetTemplate.Length >= _sourceTemplate.Length ? (_targetTemplate, Target) : (_sourceTemplate, Source);
        template.CopyTo(bitmap.Words);
    }

    public void Dispose()
    {
        Source.Dispose();
        Target.Dispose();
    }

    private static BitmapCase Runs(Func<Random, ulong> word) => new(PageSize.Size4K, PageSize.Size4K, word)
    {
        Native = c => NativeLoops.Runs(c.SourceWords, (nuint)c.Source.PageCount),
        Managed = c => SumRuns(c.Source),
        Naive = c => NaiveLoops.Runs(c.Source.Words),
    };

    private static BitmapCase Drain(Func<Random, ulong> word) => new(PageSize.Size4K, PageSize.Size4K, word)
    {
        Native = c => NativeLoops.Drain(c.SourceWords, c.TargetWords, c.SourceCount),
        Managed = c => c.Source.Drain(c.Target),
        Naive = c => NaiveLoops.Drain(c.Source.Words, c.Target.Words),
    };

    private static BitmapCase Widen(PageSize coarse) => new(coarse, PageSize.Size4K, Dense)
    {
        Native = c => NativeLoops.Widen(c.TargetWords, c.SourceWords, (nuint)c.Source.PageCount, (nuint)(c.Source.PageSize.Bytes / c.Target.PageSize.Bytes)),
        Managed = c => c.Target.Or(c.Source),
        Naive = c => NaiveLoops.Widen(c.Target.Words, c.Source.Words, c.Source.PageSize.Bytes / c.Target.PageSize.Bytes),
    };

    private static BitmapCase Narrow(PageSize coarse, Func<Random, ulong> word) => new(PageSize.Size4K, coarse, word)
    {
        Native = c => NativeLoops.Narrow(c.TargetWords, c.SourceWords, c.SourceCount, (nuint)(c.Target.PageSize.Bytes / c.Source.PageSize.Bytes)),
        Managed = c => c.Target.Or(c.Source),
        Naive = c => NaiveLoops.Narrow(c.Target.Words, c.Source.Words, c.Target.PageSize.Bytes / c.Source.PageSize.Bytes),
    };

    private static ulong SumRuns(DirtyBitmap bitmap)
    {
        ulong sum = 0;
        foreach (var (first, count) in bitmap.Runs())
        {
            sum += first ^ count;
        }

        return sum;
    }

    /// <summary>One page in 4,096.</summary>
    private static ulong Sparse(Random random) => random.Next(64) == 0 ? 1UL << random.Next(64) : 0;

    /// <summary>Every second page, at random.</summary>
    private static ulong Dense(Random random) => (ulong)random.NextInt64(long.MinValue, long.MaxValue);

    /// <summary>Words of set pages and words of clean ones, with a ragged edge now and then.</summary>
    private static ulong Long(Random random) => random.Next(256) == 0 ? Dense(random) : random.Next(8) == 0 ? 0 : ulong.MaxValue;

    private static ulong* Pointer(DirtyBitmap bitmap)
    {
        fixed (ulong* words = bitmap.Words)
        {
            // Native memory, which does not move.
            return words;
        }
    }
}
