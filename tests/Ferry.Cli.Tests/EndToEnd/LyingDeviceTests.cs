using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>A device that breaks or lies costs the migration, is named, and never costs the machine.</summary>
public sealed class LyingDeviceTests
{
    // A second for what is filled: on a busy host a shorter migration could see no write at all between two copies.
    private const ulong LongEnoughToWrite = 24 << 20;

    public static TheoryData<bool, VfioDeviceState> Arcs => new()
    {
        { true, VfioDeviceState.PreCopy },
        { true, VfioDeviceState.PreCopyP2P },
        { true, VfioDeviceState.StopCopy },
        { false, VfioDeviceState.Resuming },
        { false, VfioDeviceState.Stop },
    };

    [Theory]
    [MemberData(nameof(Arcs))]
    public async Task Error_on_any_arc_before_the_commit_leaves_the_machine_where_it_is(bool atSource, VfioDeviceState state)
    {
        LyingDevice New(string socket) => new(socket) { BreaksAt = state };
        await using var hosts = await Hosts.StartAsync("thread", sourceDevice: atSource ? New : null, destinationDevice: atSource ? null : New);
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.Contains("evice nic0 did not go from", report.Error, StringComparison.Ordinal);
        if (atSource)
        {
            Assert.Contains("device nic0 is in ERROR", report.Error, StringComparison.Ordinal);
        }

        await MigrationTests.AssertWholeAsync(hosts, messagesToo: !atSource);
    }

    [Theory]
    [InlineData(true, VfioDeviceState.PreCopy)]
    [InlineData(true, VfioDeviceState.StopCopy)]
    [InlineData(false, VfioDeviceState.Resuming)]
    public async Task A_device_that_never_answers_before_the_commit_leaves_the_machine_where_it_is(bool atSource, VfioDeviceState state)
    {
        HangingDevice New(string socket) => new(socket, state);
        await using var hosts = await Hosts.StartAsync("thread", sourceDevice: atSource ? New : null, destinationDevice: atSource ? null : New);
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.Contains("evice nic0 did not go from", report.Error, StringComparison.Ordinal);
        Assert.True(await Hosts.WorksOnAsync(hosts.SourceControl, messagesToo: !atSource));
        Assert.Equal(atSource ? "ERROR" : "RUNNING", (await Hosts.StatusAsync(hosts.SourceControl)).Devices.Single().State);
    }

    [Fact]
    public async Task Reports_that_fail_hand_over_to_the_fallback_and_nothing_is_lost()
    {
        await using var hosts = await Hosts.StartAsync("thread", sourceDevice: socket => new LyingDevice(socket) { FailsReports = true });
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true, MaxRounds = 3, Rules = [new() { Source = "nic0", Fallback = "all" }] });
        Assert.True(report.RunsAt == RunsAt.Destination, report.Error);
        Assert.True(report.MemoryVerified);
        var log = report.Trackers.Single(tracker => tracker.Name == "device");
        Assert.Equal((1, "replaced after it failed"), (log.Failures, log.Ended));
        Assert.Contains("nic0.sock", log.LastFailure, StringComparison.Ordinal);
        Assert.Contains(report.Trackers, tracker => tracker.Name == "all" && tracker.Sources.Contains("nic0"));
    }

    [Fact]
    public async Task A_log_that_leaves_pages_out_is_found_by_the_comparison_of_memory()
    {
        await using var hosts = await Hosts.StartAsync("thread", sourceDevice: socket => new LyingDevice(socket) { DropsOneIn = 2 });
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true, BandwidthBytesPerSecond = LongEnoughToWrite });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.False(report.MemoryVerified);
        await MigrationTests.AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task A_device_that_forgets_what_it_wrote_to_memory_that_is_unmapped_is_found_by_the_comparison_of_memory()
    {
        await using var hosts = await Hosts.StartAsync("thread", iommu: true, sourceDevice: socket => new LyingDevice(socket) { ForgetsUnmapped = true });
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true, BandwidthBytesPerSecond = LongEnoughToWrite });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.False(report.MemoryVerified);
        await MigrationTests.AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task A_device_that_gives_no_dirty_pages_with_what_it_unmaps_loses_none()
    {
        await using var hosts = await Hosts.StartAsync("thread", iommu: true, sourceDevice: socket => new LyingDevice(socket) { RefusesUnmapWithPages = true });
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true });
        Assert.True(report.RunsAt == RunsAt.Destination, report.Error);
        Assert.True(report.MemoryVerified);
    }

    [Fact]
    public async Task Reports_that_fail_while_the_guest_maps_and_unmaps_lose_nothing()
    {
        await using var hosts = await Hosts.StartAsync("thread", iommu: true, sourceDevice: socket => new LyingDevice(socket) { FailsReports = true });
        var report = await hosts.MigrateAsync(new MigrateRequest { Verify = true, MaxRounds = 3, Rules = [new() { Source = "nic0", Fallback = "all" }] });
        Assert.True(report.RunsAt == RunsAt.Destination, report.Error);
        Assert.True(report.MemoryVerified);
    }

    [Fact]
    public async Task A_log_that_claims_to_be_exact_and_is_not_is_named_by_a_cross_check()
    {
        await using var hosts = await Hosts.StartAsync("thread", dma: "mediated", sourceDevice: socket => new LyingDevice(socket) { DropsOneIn = 2 });
        var report = await hosts.MigrateAsync(new MigrateRequest
        {
            CrossCheck = true,
            Rules = [new() { Source = "nic0", With = ["mediated", "device"], Combine = "union" }],
        });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.Contains("tracker device claims to be exact and missed", report.Error, StringComparison.Ordinal);
        await MigrationTests.AssertWholeAsync(hosts, messagesToo: true);
    }
}
