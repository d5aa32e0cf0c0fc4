using CsCheck;
using Ferry.Memory;
using Ferry.Tracking.Proof;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests;

public sealed class CoverageProofTests
{
    private static readonly DmaSource Nic = new("nic0");
    private static readonly DmaSource Disk = new("disk0");
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
    public void More_ranges_than_a_tracker_holds_become_fewer_and_the_extra_is_shown()
    {
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K]) { MaxRanges = 1 };
        var verdict = CoverageProof.Check([new(Nic, [Low, High])], [new(Nic, log, PageSize.Size4K)], [log]);
        Assert.True(verdict.IsProven);
        Assert.Equal((1, 3UL << 30), (verdict.Lines[0].RangeCount, verdict.Lines[0].ExtraBytes));
        using var narrow = new FakeTracker("device", [Nic], [PageSize.Size4K]) { MaxRanges = 1, Ranges = [Low, High] };
        verdict = CoverageProof.Check([new(Nic, [Low, High])], [new(Nic, narrow, PageSize.Size4K)], [narrow]);
        Assert.Contains("than the 1 that it holds", Assert.Single(verdict.Refusals).Reason);
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
    public void A_tracker_of_two_sources_runs_at_one_page_size()
    {
        using var all = new AllTracker();
        var verdict = CoverageProof.Check(
            [new(DmaSource.Vcpus, [Low]), new(Nic, [Low])], [new(DmaSource.Vcpus, all, PageSize.Size4K), new(Nic, all, PageSize.Size2M)], [all]);
        Assert.Equal([DmaSource.Vcpus, Nic], verdict.Refusals.Select(refusal => refusal.Source));
        Assert.Contains("4K for vcpus and at 2M for nic0", verdict.Refusals[0].Reason);
    }

    [Fact]
    public void What_is_mapped_for_two_sources_counts_together_and_what_is_shared_once()
    {
        using var shared = new FakeTracker("iotable", [Nic, Disk], [PageSize.Size4K]) { MaxRanges = 1, Ranges = [Low, High] };
        TrackerAssignment[] both = [new(Nic, shared, PageSize.Size4K), new(Disk, shared, PageSize.Size4K)];
        Assert.True(CoverageProof.Check([new(Nic, [Low]), new(Disk, [Low])], both, [shared]).IsProven);
        var verdict = CoverageProof.Check([new(Nic, [Low]), new(Disk, [High])], both, [shared]);
        Assert.Equal(2, verdict.Refusals.Count);
        Assert.Contains("outside of what it covers", verdict.Refusals[0].Reason);
    }

    /// <summary>Two devices, each with ranges of its own, by trackers of any limits at any page sizes.</summary>
    [Fact]
    public void Whatever_is_proven_can_be_started_and_whatever_can_be_started_is_proven()
    {
        PageSize[] sizes = [PageSize.Size4K, Size64K, PageSize.Size2M];
        var ranges = Gen.Select(Gen.Int[0, 5], Gen.Int[1, 40]).Select((at, pages) => new IovaRange(new((ulong)at << 24), (ulong)pages << 16)).Array[1, 4]
            .Select(all => all.DistinctBy(range => range.Start).ToArray());
        var tracker = Gen.Select(Gen.Int[1, 4], Gen.Int[0, 2], Gen.Bool, Gen.Int[1, 3]);
        Gen.Select(ranges, ranges, tracker, tracker, Gen.Int[0, 1].Array[2], Gen.Int[0, 2].Array[2]).Sample((nic, disk, first, second, chosen, size) =>
        {
            FakeTracker[] trackers = [Make("one", first), Make("two", second)];
            SourceRequirement[] requirements = [new(Nic, nic), new(Disk, disk)];
            TrackerAssignment[] assignments = [new(Nic, trackers[chosen[0]], sizes[size[0]]), new(Disk, trackers[chosen[1]], sizes[size[1]])];
            var verdict = CoverageProof.Check(requirements, assignments, trackers);
            Assert.Equal(CanStart(requirements, assignments), verdict.IsProven);
            Assert.Equal(verdict.IsProven, verdict.Lines.Count == 2);
        });

        FakeTracker Make(string name, (int MaxRanges, int Sizes, bool Low, int Sources) limits) => new(
            name, [.. new[] { Nic, Disk }.Where((_, i) => (limits.Sources >> i & 1) != 0)], sizes[..(limits.Sizes + 1)])
        {
            MaxRanges = limits.MaxRanges,
            Ranges = limits.Low ? [new(new(0), 4UL << 24)] : null,
        };
    }

    [Fact]
    public void A_remedy_that_is_followed_is_proven()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [Size64K, PageSize.Size2M]) { MaxRanges = 1 };
        var refused = CoverageProof.Check([new(Nic, [Low])], [new(Nic, log, PageSize.Size4K)], [log, all]);
        Assert.Equal("choose device at 64K or 2M, or all at 4K to 1G", refused.Refusals[0].Remedy);
        foreach (var size in (PageSize[])[Size64K, PageSize.Size2M])
        {
            Assert.True(CoverageProof.Check([new(Nic, [Low])], [new(Nic, log, size)], [log, all]).IsProven);
        }
    }

    /// <summary>Starts each tracker as its assignments say, and finds whether it sees all it has to.</summary>
    private static bool CanStart(SourceRequirement[] requirements, TrackerAssignment[] assignments)
    {
        foreach (var group in assignments.GroupBy(assignment => assignment.Tracker))
        {
            var pageSizes = group.Select(assignment => assignment.PageSize).Distinct().ToArray();
            var ranges = RangeMergeTests.LeastOf(
                requirements.Where(requirement => group.Any(assignment => assignment.Source == requirement.Source)).SelectMany(requirement => requirement.Mapped),
                group.Key.Coverage.MaxRanges);
            if (pageSizes.Length > 1 || group.Any(assignment => !group.Key.Coverage.Covers(assignment.Source)))
            {
                return false;
            }

            try
            {
                group.Key.Start(ranges, pageSizes[0]);
            }
            catch (TrackerStartException)
            {
                return false;
            }
        }

        return true;
    }

    [Fact]
    public void What_is_proven_can_be_started() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[1, 3], Gen.Int[0, 2], Gen.Bool, Gen.Bool).Sample((ranges, max, size, inside, hasSource) =>
        {
            PageSize[] sizes = [PageSize.Size4K, Size64K, PageSize.Size2M];
            using var log = new FakeTracker("device", hasSource ? [Nic] : [DmaSource.Vcpus], sizes[..2]) { MaxRanges = max, Ranges = inside ? null : [Low] };
            var mapped = Enumerable.Range(0, ranges).Select(i => new IovaRange(new((ulong)i << 32), 1 << 21)).ToArray();
            var verdict = CoverageProof.Check([new(Nic, mapped)], [new(Nic, log, sizes[size])], [log]);
            var startable = hasSource && size < 2 && (inside || ranges <= 1);
            Assert.Equal(startable, verdict.IsProven);
            if (verdict.IsProven && ranges > 0)
            {
                log.Start(CoverageProof.RangesOf(log, [new(Nic, mapped)], [new(Nic, log, sizes[size])], out _), sizes[size]);
            }
        });
}
