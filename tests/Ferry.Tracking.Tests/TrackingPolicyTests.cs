using Ferry.Memory;
using Ferry.Tracking.Policy;
using Ferry.Tracking.Proof;
using Ferry.Tracking.Providers;
using Xunit;

namespace Ferry.Tracking.Tests;

public sealed class TrackingPolicyTests
{
    private static readonly DmaSource Nic = new("nic0");
    private static readonly IovaRange Low = new(new(0), 1 << 30);
    private static readonly PageSize Size64K = new(64 << 10);
    private static readonly SourceRequirement[] OneNic = [new(Nic, [Low])];

    [Fact]
    public void The_first_that_can_is_chosen_and_what_was_passed_over_is_named()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [Size64K, PageSize.Size2M]);
        var choice = Choose(Policy("iotable", "device", "all"), all, log);
        Assert.True(choice.Verdict.IsProven);
        Assert.Equal((log, Size64K), (Assert.Single(choice.Assignments).Tracker, choice.Assignments[0].PageSize));
        Assert.Equal("iotable", Assert.Single(choice.Skipped).Tracker);
        choice = Choose(Policy("device", "all") with { PageSize = PageSize.Size4K }, all, log);
        Assert.Same(all, Assert.Single(choice.Assignments).Tracker);
        Assert.Contains("page size 4K is not supported", Assert.Single(choice.Skipped).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_none_can_the_refusal_says_why_for_each_and_what_would()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [DmaSource.Vcpus], [PageSize.Size4K]);
        var choice = TrackingPolicy.Choose(OneNic, [Policy("device", "iotable")], [all, log], (_, name) => name == "iotable" ? "it was started without" : null);
        var refusal = Assert.Single(choice.Verdict.Refusals);
        Assert.Contains("(device: this machine has no such tracker of nic0; iotable: it was started without)", refusal.Reason, StringComparison.Ordinal);
        Assert.Contains("choose all", refusal.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_union_is_all_of_them_or_nothing()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [PageSize.Size4K]);
        var choice = Choose(Policy("device", "all") with { Combination = TrackerCombination.Union }, all, log);
        Assert.True(choice.Verdict.IsProven);
        Assert.Equal([false, true], choice.Verdict.Lines.Select(line => line.IsRedundant));
        choice = Choose(Policy("device", "iotable") with { Combination = TrackerCombination.Union }, all, log);
        Assert.False(choice.Verdict.IsProven);
        Assert.Contains("iotable, one of those that are to track it together", Assert.Single(choice.Verdict.Refusals).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fallback_is_the_next_of_the_list_or_the_one_that_is_named()
    {
        using var all = new AllTracker();
        using var log = new FakeTracker("device", [Nic], [Size64K]);
        Assert.Empty(Choose(Policy("device", "all"), all, log).Fallbacks);
        var choice = Choose(Policy("device", "iotable", "all") with { FallsBackToNext = true }, all, log);
        Assert.Same(all, Assert.Single(choice.Fallbacks).Tracker);
        Assert.Same(log, Assert.Single(choice.Assignments).Tracker);
        choice = Choose(Policy("device") with { Fallback = "all" }, all, log);
        Assert.Same(all, Assert.Single(choice.Fallbacks).Tracker);
        choice = Choose(Policy("device") with { Fallback = "iotable" }, all, log);
        Assert.Contains("its fallback iotable", Assert.Single(choice.Verdict.Refusals).Reason, StringComparison.Ordinal);
        // What is chosen already has nothing to take over.
        Assert.Empty(Choose(Policy("all") with { Fallback = "all" }, all, log).Fallbacks);
    }

    [Fact]
    public void A_tracker_that_two_sources_share_runs_at_one_page_size()
    {
        using var all = new AllTracker();
        SourceRequirement[] both = [new(DmaSource.Vcpus, [Low]), new(Nic, [Low])];
        SourcePolicy[] policies = [Policy("all") with { Source = DmaSource.Vcpus, PageSize = PageSize.Size2M }, Policy("all")];
        var choice = TrackingPolicy.Choose(both, policies, [all]);
        Assert.True(choice.Verdict.IsProven);
        Assert.Equal([PageSize.Size2M, PageSize.Size2M], choice.Assignments.Select(assignment => assignment.PageSize));
        choice = TrackingPolicy.Choose(both, [policies[0], policies[1] with { PageSize = PageSize.Size4K }], [all]);
        Assert.Contains("it runs at one", Assert.Single(choice.Verdict.Refusals).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_without_a_policy_is_not_covered()
    {
        using var all = new AllTracker();
        Assert.False(TrackingPolicy.Choose(OneNic, [], [all]).Verdict.IsProven);
    }

    private static SourcePolicy Policy(params string[] with) => new() { Source = Nic, With = with };

    private static TrackingChoice Choose(SourcePolicy policy, params IDirtyTracker[] available) => TrackingPolicy.Choose(OneNic, [policy], available);
}
