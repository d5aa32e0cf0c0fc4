using CsCheck;
using Ferry.Memory;
using Ferry.Tracking.Proof;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests;

public sealed class CoverageProofTests
{
    private static readonly DmaSource Nic = new("nic0");
    private static readonly IovaRange Low = new(new(0), 1 << 30);
    private static readonly IovaRange High = new(new(1UL << 32), 1 << 30);
    private static readonly PageSize Size64K = new(64 << 10);

    [Fact]
    public void A_source_without_a_tracker_is_refused_and_told_who_could()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K, Size64K]);
        var verdict = CoverageProof.Check([new(Nic, [Low])], [], [all, log]);
        var refusal = Assert.Single(verdict.Refusals);
        Assert.Equal(Nic, refusal.Source);
        Assert.Contains("no tracker", refusal.Reason);
        Assert.Equal("choose device at 4K or 64K, or all at 4K to 1G", refusal.Remedy);
    }

    [Fact]
    public void A_tracker_of_another_source_is_no_cover()
    {
        using var log = new FakeTracker("kvm-log", [DmaSource.Vcpus], [PageSize.Size4K]);
        var verdict = CoverageProof.Check([new(Nic, [Low])], [new(Nic, log, PageSize.Size4K)], [log]);
        Assert.Contains("vcpus only", Assert.Single(verdict.Refusals).Reason);
        Assert.Contains("no tracker of this machine can", verdict.Refusals[0].Remedy);
    }

    [Fact]
    public void An_unsupported_page_size_names_those_that_are()
    {
        using var log = new FakeTracker("device", [Nic], [Size64K]);
        var verdict = CoverageProof.Check([new(Nic, [Low])], [new(Nic, log, PageSize.Size4K)], [log]);
        Assert.Contains("page size 4K is not supported; it can do 64K", Assert.Single(verdict.Refusals).Reason);
    }

    [Fact]
    public void More_ranges_than_a_tracker_holds_are_counted()
    {
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K]) { MaxRanges = 1 };
        var verdict = CoverageProof.Check([new(Nic, [Low, High])], [new(Nic, log, PageSize.Size4K)], [log]);
        Assert.Contains("2 ranges are mapped; it can hold 1", Assert.Single(verdict.Refusals).Reason);
    }

    [Fact]
    public void A_range_outside_and_one_that_is_not_aligned_are_named()
    {
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K, Size64K]) { Ranges = [Low] };
        Assert.Contains(High.ToString(), Assert.Single(CoverageProof.Check([new(Nic, [High])], [new(Nic, log, PageSize.Size4K)], [log]).Refusals).Reason);
        var odd = new IovaRange(new(0), 4096);
        Assert.Contains("not aligned", Assert.Single(CoverageProof.Check([new(Nic, [odd])], [new(Nic, log, Size64K)], [log]).Refusals).Reason);
    }

    [Fact]
    public void Two_trackers_of_one_source_are_allowed_and_the_second_is_redundant()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K]);
        var verdict = CoverageProof.Check([new(Nic, [Low, High])], [new(Nic, log, PageSize.Size4K), new(Nic, all, PageSize.Size2M)], [all, log]);
        Assert.True(verdict.IsProven);
        Assert.Equal([false, true], verdict.Lines.Select(line => line.IsRedundant));
    }

    [Fact]
    public void A_tracker_for_a_source_that_is_not_there_is_refused()
    {
        using var all = new AllTracker();
        var verdict = CoverageProof.Check([new(DmaSource.Vcpus, [Low])], [new(DmaSource.Vcpus, all, PageSize.Size4K), new(Nic, all, PageSize.Size4K)], [all]);
        Assert.Contains("no such source", Assert.Single(verdict.Refusals).Reason);
    }

    [Fact]
    public void What_is_proven_can_be_started() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[1, 3], Gen.Int[0, 2], Gen.Bool, Gen.Bool).Sample((ranges, max, size, inside, hasSource) =>
        {
            PageSize[] sizes = [PageSize.Size4K, Size64K, PageSize.Size2M];
            using var log = new FakeTracker("device", hasSource ? [Nic] : [DmaSource.Vcpus], sizes[..2]) { MaxRanges = max, Ranges = inside ? null : [Low] };
            var mapped = Enumerable.Range(0, ranges).Select(i => new IovaRange(new((ulong)i << 32), 1 << 21)).ToArray();
            var verdict = CoverageProof.Check([new(Nic, mapped)], [new(Nic, log, sizes[size])], [log]);
            var startable = hasSource && size < 2 && ranges <= max && (inside || ranges <= 1);
            Assert.Equal(startable, verdict.IsProven);
            if (verdict.IsProven && ranges > 0)
            {
                log.Start(mapped, sizes[size]);
            }
        });

    /// <summary>A tracker that promises and does nothing.</summary>
    private sealed class FakeTracker(string name, IReadOnlyList<DmaSource> sources, IReadOnlyList<PageSize> sizes) : IDirtyTracker
    {
        private readonly StartedRanges _started = new(name);

        public int MaxRanges { get; init; } = int.MaxValue;

        public IReadOnlyList<IovaRange>? Ranges { get; init; }

        public string Name => name;

        public Coverage Coverage => new() { Sources = sources, PageSizes = sizes, Precision = TrackingPrecision.Exact, MaxRanges = MaxRanges, Ranges = Ranges };

        public bool IsStarted => _started.IsStarted;

        public void Start(IReadOnlyList<IovaRange> ranges, PageSize pageSize) => _started.Start(Coverage, ranges, pageSize);

        public void Report(IovaRange range, DirtyBitmap bitmap) => _started.Check(range, bitmap);

        public void Stop() => _started.Stop();

        public void Dispose() => Stop();
    }
}
