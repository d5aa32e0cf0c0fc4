using Ferry.Bench.Advice;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Xunit;

namespace Ferry.Bench.Tests.Advice;

/// <summary>What a bench adds to the costs that the model needs at least.</summary>
public sealed class BenchCostsTests
{
    [Fact]
    public void The_finer_costs_of_the_engine_are_taken_where_they_are_known()
    {
        var coarse = new ProfileCosts(Profile([])).Engine();
        Assert.Equal((0.02, double.PositiveInfinity, 1.0), (Math.Round(coarse.RoundSeconds, 9), coarse.PopulateBytesPerSecond, coarse.WorkPart));
        var fine = new ProfileCosts(Profile(
        [
            Cost(CostNames.RoundSeconds, 0.005), Cost(CostNames.FirstCopyBytesPerSecond, 1e9), Cost(CostNames.WorkPart, 0.5), Cost(CostNames.DeviceSwitchoverSeconds, 0.003),
            Cost(CostNames.VerifyBytesPerSecond, 5e9), Cost(CostNames.CpuSecondsPerByte, 1e-10), Cost(CostNames.P2PSeconds, 0.001),
        ])).Engine();
        Assert.Equal(
            (0.005, 1e9, 0.5, 0.003, 5e9, 1e-10, 0.001),
            (fine.RoundSeconds, fine.PopulateBytesPerSecond, fine.WorkPart, fine.DeviceSeconds, fine.VerifyBytesPerSecond, fine.CpuSecondsPerByte, fine.P2PSeconds));
    }

    [Fact]
    public void A_mediated_device_is_slowed_only_where_it_wants_more_than_messages_carry()
    {
        var costs = new ProfileCosts(Profile(
        [
            .. Tracker("mediated", 4096, 0.005), .. Tracker("mediated", 65536, 0.005), Cost(CostNames.DeviceWriteSeconds, 200e-6, "mediated"), Cost(CostNames.DeviceWriteSecondsPerByte, 0, "mediated"),
        ]));
        foreach (var size in (ulong[])[4096, 65536])
        {
            var mediated = costs.Tracker("mediated", size, isDevice: true);
            Assert.Equal(0, mediated.Slowdown);
            Assert.Equal(4096 / 200e-6, mediated.MostBytesPerSecond(4096), 1.0);
        }
    }

    [Fact]
    public void A_trackers_bound_slows_in_the_model()
    {
        var device = new ProviderCosts("mediated", 4096) { WriteSeconds = 4096 / 10e6 };
        double Slowdown(double rate)
        {
            var workload = new Workload
            {
                MemoryBytes = 1 << 30,
                DataBytes = 1 << 28,
                Writers = [new WriterLoad("vcpus") { WorkingSetBytes = 0, DirtyBytesPerSecond = 0 }, new WriterLoad("nic0") { WorkingSetBytes = 1 << 26, DirtyBytesPerSecond = rate }],
            };
            var policy = new PolicyChoice
            {
                Trackers = [new TrackedWriter("vcpus", new ProviderCosts("kvm-log", 4096), Ferry.Migration.Planning.P2PSyncPolicy.Never), new TrackedWriter("nic0", device, Ferry.Migration.Planning.P2PSyncPolicy.Never)],
            };
            return new PreCopyModel(new EngineCosts { CopyBytesPerSecond = 1e9, MostCopyBytesPerSecond = 1e9 }, new LinkCosts(1e9, 0)).Predict(workload, policy).DeviceSlowdown;
        }

        Assert.Equal(0, Slowdown(5e6), 9);
        Assert.Equal(0.5, Slowdown(20e6), 9);
    }

    [Fact]
    public void A_machine_on_kvm_is_not_tracked_as_one_on_threads()
    {
        FittedCost[] all = [.. Tracker("process", 4096, 1), .. Tracker("kvm-log", 4096, 1)];
        Assert.DoesNotContain(new ProfileCosts(Profile(all)).Source("vcpus", []).Costs, costs => costs.Provider == "process");
        Assert.Contains(new ProfileCosts(Profile(all) with { Host = Some.Host with { Accelerator = "thread" } }).Source("vcpus", []).Costs, costs => costs.Provider == "process");
    }

    private static CostProfile Profile(IEnumerable<FittedCost> costs) => Some.Profile() with
    {
        Costs = [Cost(CostNames.CopyBytesPerSecond, 2e9), Cost(CostNames.MigrationSecondsFixed, 0.03), Cost(CostNames.SwitchoverSecondsFixed, 0.01), .. costs],
    };

    private static FittedCost Cost(string name, double value, string? provider = null, ulong? size = null) =>
        new() { Name = name, Provider = provider, PageSizeBytes = provider is null ? null : size ?? 4096, Value = value, Error = 0, Count = 3 };

    private static IEnumerable<FittedCost> Tracker(string provider, ulong size, double ratio) => new[]
    {
        (CostNames.StartSeconds, 0.001), (CostNames.StopSeconds, 0.001), (CostNames.ReportSecondsFixed, 1e-5), (CostNames.ReportSecondsPerMemoryByte, 1e-14), (CostNames.ReportSecondsPerPage, 1e-8),
        (CostNames.DeviceProgressRatio, ratio), (CostNames.GuestProgressRatio, ratio),
    }.Select(cost => Cost(cost.Item1, cost.Item2, provider, size));
}
