using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Events;
using Ferry.Migration.Reports;
using Ferry.Migration.Wire;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Counts what the engine allocates on both sides; alone, since the count is the whole process's.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    // A timer that samples, a socket's name: what comes and goes without regard to pages and rounds.
    private const long NoiseBytes = 24 << 10;

    [Theory]
    [InlineData(PageCompression.None)]
    [InlineData(PageCompression.Lz4)]
    [InlineData(PageCompression.Zstd)]
    public void More_pages_allocate_nothing_more(PageCompression compression)
    {
        _ = Measure(10, 6, compression);
        var few = Least(() => Measure(10, 6, compression));
        var many = Least(() => Measure(2500, 6, compression));
        Assert.True(many - few < NoiseBytes, $"{many} bytes for 2500 pages a round, {few} for 10.");
    }

    [Fact]
    public void More_rounds_allocate_nothing_more()
    {
        _ = Measure(100, 4, PageCompression.None);
        var few = Least(() => Measure(100, 4, PageCompression.None));
        var many = Least(() => Measure(100, 54, PageCompression.None));
        Assert.True(many - few < NoiseBytes, $"{many} bytes for 54 rounds, {few} for 4.");
    }

    [Fact]
    public void Telling_what_happens_allocates_nothing_more()
    {
        _ = Measure(100, 54, PageCompression.None, new MigrationEventBuffer());
        var without = Least(() => Measure(100, 54, PageCompression.None));
        var told = Enumerable.Range(0, 6).Select(_ => new MigrationEventBuffer()).ToList();
        var with = told.Min(buffer => Measure(100, 54, PageCompression.None, buffer));
        Assert.True(with - without < NoiseBytes, $"{with} bytes where 54 rounds are told, {without} where not.");
        Assert.All(told, buffer => Assert.True(buffer.TryTake(out _)));
    }

    private static long Least(Func<long> measure) => Enumerable.Range(0, 6).Min(_ => measure());

    private static long Measure(ulong pages, int rounds, PageCompression compression, MigrationEventBuffer? events = null)
    {
        using var pair = new Pair([(new Gpa(0), 16 << 20)], workingSetPages: 0, verify: false, tracker: memory => new SteadyTracker(memory, pages));
        pair.Source.Memory.GetSpan(new Gpa(0), 16 << 20).Fill(1);
        pair.SourceOptions = pair.SourceOptions with
        {
            Compression = compression,
            Events = events,
            Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(1), MaxRounds = rounds, StallWindowRounds = 64, LowPointRounds = 0 },
        };
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var report = pair.Run().Source;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(MigrationOutcome.Completed, report.Outcome);
        Assert.Equal(rounds, report.Rounds.Count);
        return allocated;
    }

    /// <summary>The same pages are dirty at each sync.</summary>
    private sealed class SteadyTracker(GuestMemory memory, ulong pages) : TestTracker("test", memory, DmaSource.Vcpus)
    {
        public override void Report(IovaRange range, DirtyBitmap bitmap) => bitmap.SetPages(0, pages);
    }
}
