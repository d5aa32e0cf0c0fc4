using BenchmarkDotNet.Attributes;

namespace Ferry.Benchmarks.Bitmap;

/// <summary>Every bitmap operation beside the same in C and done naively, and beside a plain copy of the memory.</summary>
[MemoryDiagnoser]
public class BitmapBenchmarks
{
    private BitmapCase? _case;

    [ParamsSource(nameof(Operations))]
    public string Operation { get; set; } = "";

    public static IEnumerable<string> Operations => BitmapCase.All.Keys;

    private BitmapCase Case => _case ?? throw new InvalidOperationException("The set-up did not run.");

    [GlobalSetup]
    public void Create() => _case = BitmapCase.All[Operation]();

    [IterationSetup]
    public void Restore() => Case.Restore();

    [GlobalCleanup]
    public void Dispose() => Case.Dispose();

    [Benchmark(Baseline = true)]
    public ulong C() => Case.Native(Case);

    [Benchmark]
    public ulong Ferry() => Case.Managed(Case);

    [Benchmark]
    public ulong Naive() => Case.Naive(Case);

    [Benchmark]
    public void Copy() => Case.Copy();
}
