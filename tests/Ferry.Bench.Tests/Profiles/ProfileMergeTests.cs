using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Profiles;

public sealed class ProfileMergeTests
{
    [Fact]
    public void Values_of_a_point_that_both_have_are_joined_and_costs_fitted_anew()
    {
        var merged = ProfileMerge.Of(Some.Profile(Pairs([0.5], [1])), Some.Profile(Pairs([0.7, 0.6], [1, 1]), Some.Sample("iotable")));
        Assert.Equal(2, merged.Samples.Count);
        Assert.Equal([0.5, 0.7, 0.6], merged.Samples[0].Measures[0].Values);
        Assert.Equal([1, 1, 1], merged.Samples[0].Measures[0].Untracked!);
        Assert.Equal((0.6, 3), merged.Costs.Where(cost => cost.Name == CostNames.DeviceProgressRatio).Select(cost => (cost.Value, cost.Count)).Single());
        Assert.Equal(merged.Samples.Count, ProfileFile.Parse(ProfileFile.Format(merged)).Samples.Count);
    }

    [Fact]
    public void What_both_hold_of_one_measurement_counts_once()
    {
        var profile = Some.Profile(Pairs([0.5, 0.4], [1, 1]));
        Assert.Equal([0.5, 0.4], ProfileMerge.Of(profile, profile).Samples.Single().Measures[0].Values);
    }

    [Fact]
    public void Values_without_partners_are_not_mixed_with_pairs()
    {
        var alone = Pairs([0.9], [1]) with { Measures = [new() { Metric = MetricNames.DeviceBytesPerSecond, Values = [0.9] }] };
        var merged = ProfileMerge.Of(Some.Profile(alone), Some.Profile(Pairs([0.5], [1])));
        Assert.Equal([0.5], merged.Samples.Single().Measures[0].Values);
    }

    [Fact]
    public void Notes_creation_and_completeness_are_of_both()
    {
        var left = Some.Profile() with { Notes = ["a", "b"], CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1) };
        var merged = ProfileMerge.Of(left, Some.Profile() with { Notes = ["b", "c"], IsComplete = true });
        Assert.Equal(["a", "b", "c"], merged.Notes!);
        Assert.Equal((DateTimeOffset.UnixEpoch, true), (merged.CreatedAt, merged.IsComplete));
    }

    [Fact]
    public void Other_hosts_kernels_and_versions_are_told()
    {
        var profile = Some.Profile();
        Assert.Null(ProfileMerge.WhyNot(profile, profile));
        Assert.Contains("kernels", ProfileMerge.WhyNot(profile, profile with { Host = HostReader.Create("6.13.0", "cpu", 2, 16UL << 30, "kvm") }), StringComparison.Ordinal);
        Assert.Contains("hosts", ProfileMerge.WhyNot(profile, profile with { Host = HostReader.Create("6.12.0", "cpu", 4, 16UL << 30, "kvm") }), StringComparison.Ordinal);
        Assert.Contains("versions", ProfileMerge.WhyNot(profile, profile with { FerryVersion = "9" }), StringComparison.Ordinal);
    }

    [Fact]
    public void Costs_differ_only_beyond_both_errors()
    {
        FittedCost Cost(string name, double value, double error) => new() { Name = name, Value = value, Error = error, Count = 5 };
        var left = Some.Profile() with { Costs = [Cost(CostNames.CopyBytesPerSecond, 10, 3), Cost(CostNames.RoundSeconds, 10, 3), Cost(CostNames.P2PSeconds, 1, 0)] };
        var right = Some.Profile() with { Costs = [Cost(CostNames.CopyBytesPerSecond, 14, 3), Cost(CostNames.RoundSeconds, 15, 3), Cost(CostNames.WorkPart, 1, 0)] };
        var differences = ProfileDiff.Of(left, right);
        Assert.Equal((CostNames.RoundSeconds, true, 1.5), (differences[0].Name, differences[0].IsReal, differences[0].Factor));
        Assert.False(differences.Single(each => each.Name == CostNames.CopyBytesPerSecond).IsReal);
        Assert.Equal(2, differences.Count(each => (each.Left is null) != (each.Right is null) && !each.IsReal));
    }

    private static CostSample Pairs(double[] tracked, double[] untracked) => Some.Sample() with
    {
        Experiment = ExperimentNames.Slowdown,
        Dimensions = new() { Provider = "device", PageSizeBytes = 4096, MemoryBytes = 1 << 30, WorkingSetBytes = 64 << 20, MessageBytes = 4096 },
        Measures = [new() { Metric = MetricNames.DeviceBytesPerSecond, Values = tracked, Untracked = untracked }],
    };
}
