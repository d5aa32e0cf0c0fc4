using Ferry.Bench.Advice;
using Ferry.Bench.Fitting;
using Ferry.Bench.Measuring;
using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Cli.Values;
using Ferry.Migration.Planning;

namespace Ferry.Cli.Reporting;

/// <summary>What the cost model makes of a profile: a machine that is the same for each link and page size.</summary>
internal static class ModelPredictions
{
    private const double MiB = 1 << 20;
    private const double Gigabit = 1e9 / 8;

    private static readonly (string Name, double BytesPerSecond)[] Links =
        [("1 Gb/s", Gigabit), ("10 Gb/s", 10 * Gigabit), ("100 Gb/s", 100 * Gigabit), ("without a limit", double.PositiveInfinity)];

    private static readonly Workload Machine = new()
    {
        MemoryBytes = 8192 * MiB,
        DataBytes = 4096 * MiB,
        Writers =
        [
            new WriterLoad(WriterLoad.Vcpus) { WorkingSetBytes = 256 * MiB, DirtyBytesPerSecond = 8 * MiB },
            new WriterLoad("device") { WorkingSetBytes = 1024 * MiB, DirtyBytesPerSecond = 4 * MiB },
        ],
    };

    /// <summary>The predictions, or none with the reason: costs that they need were not measured.</summary>
    public static BenchPredictions Of(CostProfile profile)
    {
        var costs = new ProfileCosts(profile);
        try
        {
            var engine = costs.Engine();
            var vcpus = costs.Source(WriterLoad.Vcpus, []).Costs.MinBy(each => (each.Precision, each.Slowdown))!;
            var device = costs.Source("device", []).Costs.Where(each => each.Precision == ReportPrecision.Written && each.Provider != ProfileCosts.Early)
                .GroupBy(each => each.Provider).MaxBy(provider => provider.Count())!;
            return new(
                $"A machine of 8 GiB, 4 GiB of it data, whose guest writes 8 MiB/s in 256 MiB and is tracked by {vcpus}, and whose device writes 4 KiB "
                    + $"at a time, 4 MiB/s, anywhere in 1 GiB, and is tracked by {device.Key}, with the downtime limit of 300 ms. Rounds that reach no end have no point.",
                [.. Links.Select(link => new LinkCurve(link.Name, [.. device.SelectMany(each => Predict(engine, link.BytesPerSecond, vcpus, each))])).Where(link => link.Points.Count > 0)],
                [.. Pairs(profile, costs)]);
        }
        catch (ProfileException e)
        {
            return new($"Nothing is predicted: {e.Message}.", [], []);
        }
    }

    // What was measured over shaped links, against what costs that know nothing of these make of it.
    private static IEnumerable<PredictedPair> Pairs(CostProfile profile, ProfileCosts costs)
    {
        var vcpus = profile.Host.Accelerator == "kvm" ? "kvm-log" : "process";
        foreach (var sample in profile.Samples.Where(sample => sample is { Experiment: ExperimentNames.Migration, Dimensions.Link: not null }).OrderBy(sample => LinkNames.All[sample.Dimensions.Link!]))
        {
            Prediction prediction;
            try
            {
                prediction = new MigrationCase(sample.Dimensions, vcpus).Predict(costs);
            }
            catch (ProfileException)
            {
                continue;
            }

            var at = sample.Dimensions;
            yield return new PredictedPair(
                at.Link!, $"{at.Provider} at {SizeText.Exact(at.PageSizeBytes)}, {RateText.ForPeople((at.DirtyBytesPerSecond ?? 0) + at.GuestDirtyBytesPerSecond)} written",
                prediction.TotalSeconds, Spread.Median(CostFit.Values(sample, MetricNames.TotalSeconds)),
                prediction.DowntimeSeconds, Spread.Median(CostFit.Values(sample, MetricNames.DowntimeSeconds)));
        }
    }

    private static IEnumerable<(ulong PageSizeBytes, double TotalSeconds, double DowntimeSeconds)> Predict(
        EngineCosts engine, double bytesPerSecond, ProviderCosts vcpus, ProviderCosts device)
    {
        var policy = new PolicyChoice
        {
            Trackers = [new TrackedWriter(WriterLoad.Vcpus, vcpus, P2PSyncPolicy.Never), new TrackedWriter("device", device, P2PSyncPolicy.NearEnd)],
        };
        var prediction = new PreCopyModel(engine, new LinkCosts(bytesPerSecond, 0)).Predict(Machine, policy);
        return prediction.Moves ? [(device.PageBytes, prediction.TotalSeconds, prediction.DowntimeSeconds)] : [];
    }
}
