using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Execution;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;
using Ferry.Migration.Source;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Two trackers on one source, each compared with the other.</summary>
public sealed class CrossCheckTests : IDisposable
{
    private readonly GuestMemoryFile _memory = GuestMemoryFile.Create([(new Gpa(0), 2 << 20)]);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(4096)]
    [InlineData(2 << 20)]
    public void Two_that_see_everything_agree(ulong pageSizeBytes)
    {
        using var pair = NewPair(0, 0, new PageSize(pageSizeBytes), out var other);
        using (other)
        {
            var reports = pair.Run();
            pair.AssertMoved(reports);
            Assert.True(reports.Source.Trackers.All(tracker => tracker.DirtyPages > 0));
            Assert.All(reports.Source.Trackers, tracker => Assert.NotNull(tracker.AlonePages));
        }
    }

    [Fact]
    public void What_each_found_and_no_other_of_its_sources_did_is_counted()
    {
        var range = new IovaRange(new(0), 1 << 20);
        TrackerUse New(string name, params string[] sources) => new(EngineHost.Real, new PlanTracker(name, sources, PageSize.Size4K), new TestTracker(name, _memory.Memory, DmaSource.Vcpus));
        var (one, other, elsewhere) = (New("one", "nic0"), New("other", "vcpus", "nic0"), New("elsewhere", "nic1"));
        foreach (var use in (TrackerUse[])[one, other, elsewhere])
        {
            use.Start([range]);
        }

        using var alone = new AloneCount([range]);
        for (var sync = 0; sync < 2; sync++)
        {
            alone.Begin([one, other, elsewhere]);
            alone.ReportOf(one, 0).SetPages(0, 100);
            alone.ReportOf(other, 0).SetPages(30, 80);
            alone.ReportOf(elsewhere, 0).SetPages(0, 200);
            alone.Conclude();
        }

        Assert.Equal((60UL, 20UL, null), (one.ToReport().AlonePages, other.ToReport().AlonePages, elsewhere.ToReport().AlonePages));

        // One that is not read any more says nothing of those that are.
        other.Stop();
        alone.Begin([one, other, elsewhere]);
        alone.ReportOf(one, 0).SetPages(0, 100);
        alone.Conclude();
        Assert.Equal(60UL, one.ToReport().AlonePages);
    }

    [Theory]
    [InlineData(100, 0, "test")]
    [InlineData(0, 100, "other")]
    public void One_that_misses_a_page_is_named_and_costs_the_migration(long dropTest, long dropOther, string named)
    {
        using var pair = NewPair(dropTest, dropOther, PageSize.Size4K, out var other);
        using (other)
        {
            var reports = pair.Run();
            pair.AssertRolledBack(reports);
            Assert.Equal(FailureKind.Verification, reports.Source.Failure);
            Assert.Contains($"tracker {named} claims to be exact and missed", reports.Source.Reason, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_it_the_union_covers_for_the_one()
    {
        using var pair = NewPair(100, 0, PageSize.Size4K, out var other);
        using (other)
        {
            pair.SourceOptions = pair.SourceOptions with { CrossCheck = false };
            var reports = pair.Run();
            pair.AssertMoved(reports);
            Assert.All(reports.Source.Trackers, tracker => Assert.Null(tracker.AlonePages));
        }
    }

    private static Pair NewPair(long dropTest, long dropOther, PageSize otherPageSize, out TestTracker other)
    {
        var pair = new Pair(workingSetPages: 1024, tracker: memory => new TestTracker("test", memory, DmaSource.Vcpus) { DropEvery = dropTest });
        var second = other = new TestTracker("other", pair.Source.Memory, DmaSource.Vcpus) { DropEvery = dropOther };
        pair.Source.Written += second.Mark;
        pair.Fill();
        string[] sources = ["vcpus", "nic0"];
        var plan = Assert.IsType<PlanResult.Planned>(MigrationPlanner.Plan(new PlanRequest
        {
            Devices = pair.Plan.Devices,
            Trackers = [new PlanTracker("test", sources, PageSize.Size4K), new PlanTracker("other", sources, otherPageSize)],
            Verify = true,
        })).Plan;
        // What is written while the vCPUs stop is written once, and seen for the last time.
        pair.Source.OnPause = () =>
        {
            for (ulong page = 1024; page < 1424; page++)
            {
                pair.Source.Write(new Gpa(page * 4096), page);
            }
        };
        pair.SourceOptions = pair.SourceOptions with
        {
            Plan = plan,
            CrossCheck = true,
            Trackers = new Dictionary<string, IDirtyTracker> { ["test"] = pair.Tracker, ["other"] = second },
        };
        return pair;
    }
}
