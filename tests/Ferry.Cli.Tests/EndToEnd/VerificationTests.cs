using Ferry.Cli.Commands;
using Ferry.Cli.Control;
using Ferry.Cli.Demo;
using Ferry.Cli.Documents;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Ui;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The demo says that something is wrong where something is.</summary>
public sealed class VerificationTests
{
    private static readonly DemoSettings Small = new()
    {
        MemoryBytes = 64 << 20,
        Fill = "mixed:16M",
        Accelerator = "thread",
        Ledger = new LedgerSettings { WorkingSetBytes = 2 << 20, NicWorkingSetBytes = 1 << 20 },
        NicRateBytesPerSecond = 2 << 20,
        WarmUp = TimeSpan.FromMilliseconds(200),
        Migrate = new MigrateRequest { Verify = true },
    };

    [Fact]
    public async Task An_altered_byte_is_found_and_the_machine_stays()
    {
        var world = new FaultyWorld { AltersByte = true };
        var report = await RunAsync(world);
        Assert.True(world.WasAltered);
        Assert.True(report.RunsAt == RunsAt.Source, report.ToString());
        Assert.False(report.Verified);
        Assert.NotNull(report.Error);
        Assert.Equal(ExitCodes.Failed, MigrateCommand.ExitCodeOf(report));
    }

    [Fact]
    public async Task A_device_that_lost_its_state_is_found()
    {
        var report = await RunAsync(new FaultyWorld { LosesDeviceState = true });
        Assert.False(report.Verified);
        Assert.NotEqual(ExitCodes.Done, MigrateCommand.ExitCodeOf(report));
    }

    [Fact]
    public async Task The_same_world_without_a_fault_is_verified()
    {
        var report = await RunAsync(new FaultyWorld());
        Assert.True(report.Verified, report.Error ?? string.Join(Environment.NewLine, report.Checks!));
    }

    /// <summary>With one page's marks lost, and, to know that it is this which is found, without.</summary>
    [Theory]
    [InlineData("thread", true)]
    [InlineData("thread", false)]
    [InlineData("kvm", true)]
    [InlineData("kvm", false)]
    public async Task A_write_that_mediation_did_not_mark_is_found(string accelerator, bool losesMarks)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var world = new FaultyWorld { HasOwnDevice = true, LosesMarks = losesMarks };
        var settings = Small with
        {
            Accelerator = accelerator,
            NicDma = "mediated",
            // A ring of one page, written all the time, and rounds that last.
            Ledger = Small.Ledger with { NicWorkingSetBytes = 512 << 10 },
            Migrate = Small.Migrate with { BandwidthBytesPerSecond = 40 << 20 },
        };
        var report = await RunAsync(world, settings);
        Assert.Equal(losesMarks, world.OwnDevice!.Kept > 0);
        Assert.Equal(!losesMarks, report.Verified);
        Assert.Equal(!losesMarks, report.MemoryVerified);
        Assert.Equal(losesMarks ? RunsAt.Source : RunsAt.Destination, report.RunsAt);
        Assert.Contains(report.Trackers, tracker => tracker.Name == "mediated" && tracker.Reports > 0);
    }

    private static async Task<MigrationDocument> RunAsync(FaultyWorld world, DemoSettings? settings = null)
    {
        using (world)
        {
            using var board = new ProgressBoard(new Screen(TextWriter.Null, TextWriter.Null).Progress);
            return await new DemoRun(settings ?? Small, board, world).RunAsync(CancellationToken.None);
        }
    }
}
