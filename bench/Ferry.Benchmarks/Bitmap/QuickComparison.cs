using System.Diagnostics;
using System.Runtime.Intrinsics;

namespace Ferry.Benchmarks.Bitmap;

/// <summary>C, managed and naive by turns in one process, so that noise of the machine strikes all of them; prints medians and ratios.</summary>
internal static class QuickComparison
{
    private static readonly TimeSpan PatiencePerCase = TimeSpan.FromSeconds(6);

    public static int Run(int rounds, string? only)
    {
        Console.WriteLine($"32 MiB of bitmap (1 TiB of 4 KiB pages); vectors of {(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128)} bits; C by {(NativeLoops.Available ? "cc -O3 -march=native" : "no compiler: left out")}");
        Console.WriteLine();
        Console.WriteLine("| operation | C ms | Ferry ms | naive ms | copy ms | Ferry / C | naive / Ferry |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        var agree = true;
        foreach (var (name, create) in BitmapCase.All.Where(entry => only is null || entry.Key.Contains(only, StringComparison.Ordinal)))
        {
            using var subject = create();
            agree &= Compare(name, subject, rounds);
        }

        return agree ? 0 : 1;
    }

    private static bool Compare(string name, BitmapCase subject, int rounds)
    {
        var native = new List<double>();
        var managed = new List<double>();
        var naive = new List<double>();
        var copy = new List<double>();
        var agree = true;
        var started = Stopwatch.StartNew();
        // The first rounds warm up the compiler's tiers and are not counted.
        for (var round = -10; round < rounds; round++)
        {
            if (round > 4 && started.Elapsed > PatiencePerCase)
            {
                break;
            }

            var expected = Time(subject, subject.Managed, managed);
            if (NativeLoops.Available)
            {
                agree &= expected == Time(subject, subject.Native, native);
            }

            if (naive.Count < 3)
            {
                agree &= expected == Time(subject, subject.Naive, naive);
            }

            Time(subject, c => { c.Copy(); return 0; }, copy);
            if (round < 0)
            {
                native.Clear();
                managed.Clear();
                copy.Clear();
            }
        }

        var (c, ferry, slow) = (Median(native), Median(managed), Median(naive));
        Console.WriteLine(FormattableString.Invariant($"| {name} | {c:0.000} | {ferry:0.000} | {slow:0.000} | {Median(copy):0.000} | {ferry / c:0.00} | {slow / ferry:0.0} |"));
        if (!agree)
        {
            Console.WriteLine($"{name}: the results differ");
        }

        return agree;
    }

    private static ulong Time(BitmapCase subject, Func<BitmapCase, ulong> operation, List<double> milliseconds)
    {
        subject.Restore();
        var started = Stopwatch.GetTimestamp();
        var result = operation(subject);
        milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        return result;
    }

    private static double Median(List<double> values) => values.Count == 0 ? double.NaN : values.Order().ElementAt(values.Count / 2);
}
