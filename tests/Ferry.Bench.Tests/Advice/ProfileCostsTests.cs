using Ferry.Bench.Advice;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Advice;

public sealed class ProfileCostsTests
{
    [Fact]
    public void Costs_come_in_the_units_of_the_model()
    {
        var costs = new ProfileCosts(Measured());
        var engine = costs.Engine();
        Assert.Equal(1e9, engine.CopyBytesPerSecond);
        Assert.Equal(0.03, engine.RoundSeconds, 9);
        Assert.Equal(0.02, engine.SwitchoverSeconds);
        var fine = costs.Source("nic0", []).Costs.Single(each => each is { Provider: "device", PageBytes: 4096 });
        Assert.Equal(1e-12 * (1 << 30), fine.ReportSecondsPerGiB, 12);
        Assert.Equal(0.1, fine.Slowdown, 9);
    }

    [Fact]
    public void A_slowdown_that_noise_hides_is_none()
    {
        var profile = Measured();
        var hidden = profile with { Costs = [.. profile.Costs.Select(cost => cost with { IsHiddenByNoise = true })] };
        Assert.Equal(0, new ProfileCosts(hidden).Source("nic0", []).Costs.Single(each => each is { Provider: "device", PageBytes: 4096 }).Slowdown);
    }

    [Theory]
    [InlineData(CostNames.CopyBytesPerSecond, "migration")]
    [InlineData(CostNames.MigrationSecondsFixed, "migration")]
    [InlineData(CostNames.SwitchoverSecondsFixed, "migration")]
    public void A_cost_of_the_engine_that_is_missing_names_what_to_run(string name, string experiment)
    {
        var error = Assert.Throws<ProfileException>(() => new ProfileCosts(Without(name)).Engine());
        Assert.Contains("too few samples", error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains($"ferry bench --only {experiment}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CostNames.ReportSecondsPerPage, "report")]
    [InlineData(CostNames.DeviceProgressRatio, "slowdown")]
    public void Where_every_tracker_lacks_a_cost_it_names_what_to_run(string name, string experiment) =>
        Assert.Contains($"ferry bench --only {experiment}", Assert.Throws<ProfileException>(() => new ProfileCosts(Without(name)).Source("nic0", [])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_tracker_measured_too_few_times_is_left_out_and_named()
    {
        var profile = Measured();
        var few = profile with { Costs = [.. profile.Costs.Select(cost => cost.PageSizeBytes == 65536 ? cost with { Count = 2 } : cost)] };
        var leftOut = new List<string>();
        Assert.DoesNotContain(new ProfileCosts(few).Source("nic0", leftOut).Costs, each => each.PageBytes == 65536);
        Assert.Contains("device at 64K has 2", Assert.Single(leftOut), StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_size_of_auto_is_the_finest_that_does_not_slow_the_device()
    {
        Assert.Equal(65536UL, new ProfileCosts(Measured()).PageSize(["device"]));
        Assert.Equal(65536UL, new ProfileCosts(Measured()).PageSize(["mediated", "device"]));
        Assert.Null(new ProfileCosts(Measured()).PageSize(["iotable"]));
    }

    private static CostProfile Without(string name) => Measured() is var profile ? profile with { Costs = [.. profile.Costs.Where(cost => cost.Name != name)] } : null!;

    private static CostProfile Measured()
    {
        static FittedCost Cost(string name, double value, string? provider = null, ulong? size = null) =>
            new() { Name = name, Provider = provider, PageSizeBytes = size, Value = value, Error = 0, Count = 5 };
        static IEnumerable<FittedCost> Tracker(string provider, ulong size, double progress) =>
        [
            Cost(CostNames.StartSeconds, 0.001, provider, size), Cost(CostNames.StopSeconds, 0.001, provider, size),
            Cost(CostNames.ReportSecondsFixed, 0.001, provider, size), Cost(CostNames.ReportSecondsPerMemoryByte, 1e-12, provider, size),
            Cost(CostNames.ReportSecondsPerPage, 1e-7, provider, size),
            Cost(provider == "device" ? CostNames.DeviceProgressRatio : CostNames.GuestProgressRatio, progress, provider, size),
        ];
        return Some.Profile() with
        {
            Costs =
            [
                Cost(CostNames.CopyBytesPerSecond, 1e9), Cost(CostNames.MigrationSecondsFixed, 0.05), Cost(CostNames.SwitchoverSecondsFixed, 0.02),
                .. Tracker("kvm-log", 4096, 0.99), .. Tracker("device", 4096, 0.9), .. Tracker("device", 65536, 1),
            ],
        };
    }
}
