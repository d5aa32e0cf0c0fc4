using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>SIGKILL of each process that a source depends on, at each phase: the source's guest goes on whole.</summary>
public sealed class KillTests
{
    // Slow enough for each phase to be seen: what remains after the first round takes part of a second to send.
    private static readonly MigrateRequest Slow = new()
    {
        BandwidthBytesPerSecond = 24 << 20,
        DowntimeSeconds = 2,
        Verify = true,
        Channels = 2,
    };

    public static TheoryData<string, string, string> Kills
    {
        get
        {
            var kills = new TheoryData<string, string, string>();
            foreach (var victim in new[] { "destination", "destination device", "source device" })
            {
                kills.Add("thread", victim, "copying");
                kills.Add("thread", victim, "switching over");
                kills.Add("thread", victim, "comparing memory");
            }

            kills.Add("kvm", "destination", "copying");
            kills.Add("kvm", "destination", "switching over");
            kills.Add("kvm", "source device", "copying");
            return kills;
        }
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task The_machine_goes_on_where_it_was(string accelerator, string victim, string phase)
    {
        Accelerators.SkipWhereMissing(accelerator);
        await using var hosts = await Hosts.StartAsync(accelerator);
        var migration = hosts.MigrateAsync(Slow);
        var hit = await hosts.WaitForPhaseAsync(phase, migration);
        Hosts.Kill(victim switch
        {
            "destination" => hosts.Destination,
            "destination device" => hosts.DestinationDevice,
            _ => hosts.SourceDevice,
        });
        var report = await migration;
        if (report.RunsAt == RunsAt.Source)
        {
            Assert.False(report.Verified);
            Assert.NotNull(report.Error);
            await MigrationTests.AssertWholeAsync(hosts, messagesToo: victim != "source device");
            return;
        }

        // The phase was over before the signal came: then the machine was handed over, and never runs here again.
        Assert.True(!hit || phase == "comparing memory" || report.RunsAt == RunsAt.InDoubt, $"killed while {phase}, and yet it runs at {report.RunsAt}");
        Assert.Contains((await Hosts.StatusAsync(hosts.SourceControl)).State, new[] { MachineStates.Moved, MachineStates.InDoubt });
    }
}
