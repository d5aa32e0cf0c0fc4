using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary><c>ferry track</c>: who tracks a source changes while its machine moves.</summary>
public sealed class TrackTests
{
    [Theory]
    [InlineData("thread")]
    [InlineData("kvm")]
    public async Task Trackers_come_and_go_and_no_page_is_lost(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        await using var hosts = await Hosts.StartAsync(accelerator);
        // The limit is out of reach as long as all memory counts as written by something, and within it from then on.
        var migration = hosts.MigrateAsync(new MigrateRequest
        {
            Rules = [new() { Source = "nic0", With = ["all"] }],
            BandwidthBytesPerSecond = 48 << 20,
            DowntimeSeconds = 0.1,
            MaxRounds = 10_000,
            OnStall = "throttle",
            Verify = true,
        });
        Assert.True(await hosts.WaitForPhaseAsync("copying", migration));
        await TrackAsync(hosts, "vcpus", "--add", "all");
        await TrackAsync(hosts, "nic0", "--with", "device", "--page-size", "64K");
        await TrackAsync(hosts, "nic0", "--with", "device", "--page-size", "4K");
        var (code, _, error) = await BuiltCommand.RunAsync(hosts.Folder, "track", "nic0", "--control", hosts.SourceControl, "--drop", "device");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("nothing would see what nic0 writes", error, StringComparison.Ordinal);
        await TrackAsync(hosts, "vcpus", "--drop", "all");
        var report = await migration;
        Assert.True(report.RunsAt == RunsAt.Destination, report.Error);
        Assert.True(report.MemoryVerified);
        Assert.Equal(["all", "device", "device"], report.Trackers.Where(tracker => tracker.Sources.Contains("nic0")).Select(tracker => tracker.Name));
        Assert.Equal([64UL << 10, 4096], report.Trackers.Where(tracker => tracker.Name == "device").Select(tracker => tracker.PageSizeBytes));
        var check = (await Hosts.AskAsync(hosts.DestinationControl, ControlVerbs.SelfCheck)).SelfCheck!;
        Assert.True(check.Passed, check.FirstError);
    }

    [Theory]
    [InlineData("no migration", "vcpus", "--with", "all")]
    [InlineData("usage", "vcpus")]
    [InlineData("usage", "vcpus", "--with", "all", "--drop", "process")]
    [InlineData("usage", "vcpus", "--with", "al")]
    public async Task What_makes_no_sense_changes_nothing(string expected, params string[] arguments)
    {
        await using var hosts = await Hosts.StartAsync("thread");
        var (code, _, error) = await BuiltCommand.RunAsync(hosts.Folder, ["track", "--control", hosts.SourceControl, .. arguments]);
        Assert.True(code == (expected == "usage" ? ExitCodes.Usage : ExitCodes.Failed), error);
        Assert.Equal(MachineStates.Running, (await Hosts.StatusAsync(hosts.SourceControl)).State);
    }

    private static async Task TrackAsync(Hosts hosts, string source, params string[] arguments)
    {
        var (code, output, error) = await BuiltCommand.RunAsync(hosts.Folder, ["track", source, "--control", hosts.SourceControl, .. arguments]);
        Assert.True(code == ExitCodes.Done, $"{string.Join(' ', arguments)}: {error}{output}");
    }
}
