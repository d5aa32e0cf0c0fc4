using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary><c>ferry attach</c>: a device that comes when the machine runs is covered by the next plan, and none comes into a migration.</summary>
public sealed class AttachTests
{
    [Theory]
    [InlineData("thread")]
    [InlineData("kvm")]
    public async Task A_machine_moves_with_the_device_that_came_and_takes_none_on_the_way(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        await using var hosts = await Hosts.StartAsync(accelerator, lateDevice: true);

        // The destination has two devices, and the machine still has one.
        var mismatch = await hosts.MigrateAsync(new MigrateRequest());
        Assert.Equal(RunsAt.Source, mismatch.RunsAt);

        await AttachAsync(hosts, ExitCodes.Done, "nic1 is attached");
        Assert.Equal(["nic0", "nic1"], (await Hosts.StatusAsync(hosts.SourceControl)).Devices.Select(device => device.Id));
        await AttachAsync(hosts, ExitCodes.Failed, "same id");
        var plan = (await Hosts.AskAsync(hosts.SourceControl, ControlVerbs.Plan)).Plan!;
        Assert.Contains(plan.Coverage, line => line is { Source: "nic1", Tracker: "device" });
        Assert.True(await Hosts.WorksOnAsync(hosts.SourceControl, messagesToo: true));

        var migration = hosts.MigrateAsync(new MigrateRequest { Verify = true, BandwidthBytesPerSecond = 24 << 20 });
        Assert.True(await hosts.WaitForPhaseAsync("copying", migration));
        await AttachAsync(hosts, ExitCodes.Failed, "is being moved", id: "nic2");
        var report = await migration;
        Assert.True(report.RunsAt == RunsAt.Destination, report.Error);
        Assert.True(report.MemoryVerified);
        Assert.Equal(["nic0", "nic1"], report.Devices.Select(device => device.Id));
        Assert.True(await Hosts.WorksOnAsync(hosts.DestinationControl, messagesToo: true));
        var check = (await Hosts.AskAsync(hosts.DestinationControl, ControlVerbs.SelfCheck)).SelfCheck!;
        Assert.True(check.Passed, check.FirstError);
    }

    private static async Task AttachAsync(Hosts hosts, int expected, string says, string id = "nic1")
    {
        var (code, output, error) = await BuiltCommand.RunAsync(hosts.Folder, "attach", id, "--control", hosts.SourceControl, "--socket", hosts.LateSocket("source"));
        Assert.True(code == expected, error + output);
        Assert.Contains(says, error + output, StringComparison.Ordinal);
    }
}
