using Ferry.Bench.Model;
using Ferry.Bench.Profiles;
using Ferry.Bench.Tests.Model;
using Ferry.Bench.Validation;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Xunit;

namespace Ferry.Bench.Tests;

/// <summary>Migrations of a host that is the model itself, so that what the fit and the table say of it is known.</summary>
public sealed class ValidationTests
{
    private static readonly EngineCosts Truth = new() { CopyBytesPerSecond = 1e9, MostCopyBytesPerSecond = 1e9, PopulateBytesPerSecond = 1e9, RoundSeconds = 0.01, SwitchoverSeconds = 0.02 };

    [Fact]
    public void A_host_that_is_as_the_model_says_is_predicted_well()
    {
        var table = ValidationTable.LeaveOneOut(Samples());
        Assert.True(table.Error(row => row.TotalError, 0.9) < 0.05, table.ToMarkdown());
        Assert.True(table.Error(row => row.DowntimeError, 0.9) < 0.15, table.ToMarkdown());
    }

    [Fact]
    public void A_planted_wrong_cost_makes_the_validation_fail()
    {
        var wrong = Samples().Select(sample => sample with { DowntimeParts = [], DowntimeSeconds = sample.DowntimeSeconds + 0.2 }).ToList();
        Assert.True(ValidationTable.Of(wrong, Samples()).Error(row => row.DowntimeError, 0.5) > 0.15);
        var slow = Samples().Select(sample => sample with { Rounds = [.. sample.Rounds.Select(round => round with { BytesPerSecond = round.BytesPerSecond / 3 })] }).ToList();
        var free = Samples().Where(sample => !double.IsFinite(sample.Link.BytesPerSecond));
        Assert.True(ValidationTable.Of(slow, free).Error(row => row.TotalError, 0.5) > 0.15);
    }

    [Fact]
    public void What_each_part_took_is_counted_once()
    {
        // 0.1 s and 0.02 s beside the copies, a report of 0.01 s in each; the tracker's stop is its own, and so is the last sync.
        var samples = Samples().Select(sample => sample with
        {
            Rounds = [new MeasuredRound(100e6, 1.11, 100e6), new MeasuredRound(10e6, 0.13, 100e6), new MeasuredRound(1e6, 0.053, 1e6 / 0.023)],
            ReportSeconds = new Dictionary<string, double> { ["device 4K"] = 0.01 },
            DowntimeSeconds = 0.1,
            DowntimeParts = [KeyValuePair.Create("sync dirty pages", 0.01), KeyValuePair.Create("copy dirty pages", 0.04), KeyValuePair.Create("stop tracker device", 0.02)],
        }).ToList();
        var engine = EngineFit.Fit(samples);
        Assert.Equal((0.1, 0.02, 0.03), (Math.Round(engine.FirstRoundSeconds, 9), Math.Round(engine.RoundSeconds, 9), Math.Round(engine.SwitchoverSeconds, 9)));
        Assert.Equal(0.02, EngineFit.StopSeconds(samples, new ProviderCosts("device", 4096)));
        Assert.Null(EngineFit.StopSeconds(samples, new ProviderCosts("mediated", 4096)));
    }

    [Fact]
    public void The_turns_of_a_short_copy_are_told_from_what_a_limit_owed_it()
    {
        // 1 MB at 50 MB/s are 20 ms, of which the limit owed 5 ms, as long as nothing was sent before; 23 ms were taken.
        var sample = Samples()[0] with
        {
            Link = new LinkCosts(50e6, 0) { BurstSeconds = 0.02 },
            Rounds = [new MeasuredRound(50e6, 1.005, 50e6), new MeasuredRound(1e6, 0.024, 1e6 / 0.023)],
        };
        Assert.Equal(0.008, Assert.Single(EngineFit.Turns(sample, 1e9)), 9);
    }

    [Fact]
    public void The_choice_is_judged_by_what_was_measured()
    {
        var rows = ValidationTable.LeaveOneOut(Samples()).Rows;
        Assert.Equal(1, ChoiceTable.Of(rows).NearPart);
        var best = ChoiceTable.Of(rows).Rows[0].Advised.Sample;
        var slower = rows.Select(row => row.Sample == best ? row with { Sample = best with { TotalSeconds = best.TotalSeconds * 3 } } : row);
        Assert.Equal(1 - (1.0 / ChoiceTable.Of(rows).Rows.Count), ChoiceTable.Of(slower).NearPart, 9);
    }

    [Fact]
    public void Runs_of_one_migration_become_one_by_their_medians()
    {
        var sample = Samples()[0];
        var merged = Assert.Single(SampleMerge.Medians([sample with { TotalSeconds = 3 }, sample with { TotalSeconds = 1 }, sample with { TotalSeconds = 100 }]));
        Assert.Equal(3, merged.TotalSeconds);
    }

    [Fact]
    public void A_run_under_load_is_left_out_only_where_there_is_another()
    {
        var (sample, other) = (Samples()[0], Samples()[1] with { LoadAverage = 9 });
        var merged = SampleMerge.Medians([sample with { TotalSeconds = 50, LoadAverage = 9 }, sample with { TotalSeconds = 1, LoadAverage = 2 }, other], mostLoad: 4);
        Assert.Equal([1, other.TotalSeconds], merged.Select(each => each.TotalSeconds));
    }

    private static List<MigrationSample> Samples()
    {
        var samples = new List<MigrationSample>();
        for (var i = 0; i < 12; i++)
        {
            var workload = new Workload
            {
                MemoryBytes = TestHosts.GiB,
                DataBytes = (100 + (20 * i)) * TestHosts.MiB,
                Writers = [new WriterLoad("nic0") { WorkingSetBytes = 32 * TestHosts.MiB, DirtyBytesPerSecond = (i + 2) * TestHosts.MiB, Pattern = AccessPattern.Uniform }],
            };
            foreach (var page in new ulong[] { 4096, 2 << 20 })
            {
                samples.Add(Sample(workload, page, new LinkCosts(i % 3 == 0 ? double.PositiveInfinity : 64 * TestHosts.MiB, 0), $"{i}"));
            }
        }

        return samples;
    }

    private static MigrationSample Sample(Workload workload, ulong page, LinkCosts link, string group)
    {
        var policy = new PolicyChoice
        {
            Trackers = [new TrackedWriter("nic0", new ProviderCosts("device", page), P2PSyncPolicy.Never)],
            Channels = 1,
            Convergence = new ConvergenceOptions { DowntimeLimit = TimeSpan.FromMilliseconds(400), MaxRounds = 30 },
        };
        var truth = new PreCopyModel(Truth, link).Predict(workload, policy);
        var rate = Math.Min(Truth.CopyBytesPerSecond, link.BytesPerSecond);
        return new MigrationSample($"{group}: {page}")
        {
            Group = group,
            Workload = workload,
            Policy = policy,
            Link = link,
            TotalSeconds = truth.TotalSeconds,
            DowntimeSeconds = truth.DowntimeSeconds,
            DowntimeParts = [KeyValuePair.Create("copy dirty pages", truth.DowntimeSeconds - Truth.SwitchoverSeconds)],
            SentBytes = truth.SentBytes,
            CpuSeconds = 0,
            DeviceStateBytes = 0,
            Rounds = [.. truth.Rounds.Select(round => new MeasuredRound(round.CopiedBytes, round.Seconds, rate))],
            ReportSeconds = new Dictionary<string, double> { [$"device {page / 1024}K"] = 0 },
        };
    }
}
