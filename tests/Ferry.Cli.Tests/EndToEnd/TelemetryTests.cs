using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class TelemetryTests : IDisposable
{
    private readonly TemporaryFolder _runtime = new();

    public void Dispose() => _runtime.Dispose();

    [Fact]
    public async Task A_collector_gets_measurements_and_activities_of_both_sides()
    {
        await using var collector = new Collector();
        var (code, output, error) = await DemoAsync("--otlp", collector.Url);
        Assert.True(code == ExitCodes.Done, error + output);
        string[] instruments =
        [
            "ferry.migration.ended", "ferry.migration.rounds", "ferry.migration.pages", "ferry.migration.bytes", "ferry.migration.tracker.pages", "ferry.migration.device.states",
            "ferry.migration.bandwidth", "ferry.migration.round.duration", "ferry.migration.tracker.duration", "ferry.migration.step.duration", "ferry.migration.downtime",
        ];
        Assert.All(instruments, name => Assert.Contains(name, collector.PostedTo("/v1/metrics"), StringComparison.Ordinal));
        Assert.All(["source", "destination", "STOP_COPY", "nic0"], value => Assert.Contains(value, collector.PostedTo("/v1/metrics"), StringComparison.Ordinal));
        Assert.All(["Ferry.Migration", "migration", "round", "pause vCPUs", "resume vCPUs"], name => Assert.Contains(name, collector.PostedTo("/v1/traces"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collector_that_is_not_there_costs_no_migration()
    {
        var (code, output, error) = await DemoAsync("--otlp", "http://127.0.0.1:1");
        Assert.True(code == ExitCodes.Done, error + output);
    }

    [Fact]
    public async Task An_address_that_is_none_is_refused()
    {
        var (code, _, error) = await DemoAsync("--otlp", "collector:4318");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--otlp: 'collector:4318' is no http", error, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> DemoAsync(params string[] options) => BuiltCommand.RunAsync(
        _runtime.Path,
        [
            "demo", "--json", "--accelerator", "thread", "--memory", "64M", "--fill", "mixed:16M", "--working-set", "2M", "--nic-working-set", "1M", "--warm-up", "200ms",
            "--nic-rate", "2M", .. options,
        ]);
}
