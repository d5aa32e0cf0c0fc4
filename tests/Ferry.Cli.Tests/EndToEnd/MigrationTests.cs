using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.Policies;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class MigrationTests
{
    public static TheoryData<string> Everywhere => [.. Accelerators.All];

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task A_machine_moves_by_hand_and_its_sockets_are_private(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        await using var hosts = await Hosts.StartAsync(accelerator);
        Assert.StartsWith("127.0.0.1:", hosts.Address, StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(hosts.Folder, "*.sock"), socket => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket)));

        var (code, output, error) = await BuiltCommand.RunAsync(
            hosts.Folder, "migrate", "--control", hosts.SourceControl, "--to", hosts.Address, "--verify", "--check-guest", hosts.DestinationControl);
        Assert.True(code == ExitCodes.Done, error);
        Assert.Contains("guest's full check of its memory passed", output, StringComparison.Ordinal);
        Assert.Equal(MachineStates.Moved, (await Hosts.StatusAsync(hosts.SourceControl)).State);
        Assert.True(await Hosts.WorksOnAsync(hosts.DestinationControl, messagesToo: true));

        var again = await Assert.ThrowsAsync<ControlException>(() => hosts.MigrateAsync(new MigrateRequest()));
        Assert.Equal(ControlErrors.WrongState, again.Code);
    }

    [Fact]
    public async Task A_cancelled_migration_leaves_the_source_running()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        var migration = hosts.MigrateAsync(new MigrateRequest { BandwidthBytesPerSecond = 4 << 20 });
        Assert.True(await hosts.WaitForPhaseAsync("copying", migration));
        Assert.Equal(MachineStates.Migrating, (await Hosts.StatusAsync(hosts.SourceControl)).State);
        await Hosts.AskAsync(hosts.SourceControl, ControlVerbs.Cancel);
        var report = await migration;
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.False(report.Verified);
        await AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task Interrupting_the_one_who_asked_rolls_back()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        using var migrate = BuiltCommand.Start(hosts.Folder, "migrate", "--control", hosts.SourceControl, "--to", hosts.Address, "--bandwidth", "4M");
        Assert.True(await hosts.WaitForPhaseAsync("copying", migrate.WaitForExitAsync()));
        Assert.Equal(ExitCodes.Failed, await BuiltCommand.SignalAsync(migrate, "-INT"));
        Assert.Equal(MachineStates.Running, (await Hosts.StatusAsync(hosts.SourceControl)).State);
        await AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task A_source_whose_machine_moved_ends_and_takes_its_socket_along()
    {
        await using var hosts = await Hosts.StartAsync("thread", stay: false);
        var report = await hosts.MigrateAsync(new MigrateRequest());
        Assert.Equal(RunsAt.Destination, report.RunsAt);
        using (var source = System.Diagnostics.Process.GetProcessById(hosts.Source.Id))
        {
            Assert.True(source.WaitForExit(TimeSpan.FromSeconds(30)));
        }

        Assert.False(File.Exists(hosts.SourceControl));
        Assert.True(await Hosts.WorksOnAsync(hosts.DestinationControl, messagesToo: true));
    }

    [Fact]
    public async Task A_source_that_is_told_to_quit_while_it_migrates_rolls_back_and_leaves_nothing()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        var migration = hosts.MigrateAsync(new MigrateRequest { BandwidthBytesPerSecond = 4 << 20 });
        Assert.True(await hosts.WaitForPhaseAsync("copying", migration));
        await hosts.Source.DisposeAsync();
        try
        {
            Assert.Equal(RunsAt.Source, (await migration).RunsAt);
        }
        catch (Exception e) when (e is IOException or ControlException)
        {
            // The process was gone before it could answer.
        }

        Assert.False(File.Exists(hosts.SourceControl));
    }

    [Fact]
    public async Task Pause_and_resume_are_told_apart_from_work()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        await Hosts.AskAsync(hosts.SourceControl, ControlVerbs.Pause);
        var paused = await Hosts.StatusAsync(hosts.SourceControl);
        Assert.Equal(MachineStates.Paused, paused.State);
        await Task.Delay(50);
        Assert.Equal(paused.Guest!.Transfers, (await Hosts.StatusAsync(hosts.SourceControl)).Guest!.Transfers);
        await Assert.ThrowsAsync<ControlException>(() => hosts.MigrateAsync(new MigrateRequest()));
        await Hosts.AskAsync(hosts.SourceControl, ControlVerbs.Resume);
        await AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task A_plan_moves_nothing_and_a_tracker_that_is_not_there_is_named()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        var (code, output, error) = await BuiltCommand.RunAsync(hosts.Folder, "plan", "--control", hosts.SourceControl);
        Assert.True(code == ExitCodes.Done, error);
        Assert.Contains("process", output, StringComparison.Ordinal);
        Assert.Contains("switchover (source, once)", output, StringComparison.Ordinal);
        var (refused, problems, _) = await BuiltCommand.RunAsync(hosts.Folder, "plan", "--control", hosts.SourceControl, "--nic-page-size", "8K");
        Assert.Equal(ExitCodes.Failed, refused);
        Assert.Contains("page size 8K is not supported", problems, StringComparison.Ordinal);
        var e = await Assert.ThrowsAsync<ControlException>(() => hosts.MigrateAsync(new MigrateRequest { Rules = [new SourceRule { Source = "vcpus", With = ["kvm-log"] }] }));
        Assert.Contains("was started with process", e.Message, StringComparison.Ordinal);
        Assert.Equal(MachineStates.Running, (await Hosts.StatusAsync(hosts.SourceControl)).State);
    }

    [Fact]
    public async Task A_destination_with_other_memory_refuses_before_the_first_page()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        await using var other = await Hosts.StartAsync("thread", memory: "96M");
        var report = await hosts.MigrateAsync(new MigrateRequest { To = other.Address });
        Assert.Equal(RunsAt.Source, report.RunsAt);
        Assert.Equal(0UL, report.SentPages);
        Assert.NotNull(report.Error);
        await AssertWholeAsync(hosts, messagesToo: true);
    }

    [Fact]
    public async Task Nobody_at_the_destination_is_a_failure_that_changes_nothing()
    {
        await using var hosts = await Hosts.StartAsync("thread");
        var (code, output, error) = await BuiltCommand.RunAsync(hosts.Folder, "migrate", "--control", hosts.SourceControl, "--to", "127.0.0.1:1", "--json");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("\"runsAt\": \"source\"", output, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:1", output + error, StringComparison.Ordinal);
        await AssertWholeAsync(hosts, messagesToo: true);
    }

    internal static async Task AssertWholeAsync(Hosts hosts, bool messagesToo)
    {
        Assert.True(await Hosts.WorksOnAsync(hosts.SourceControl, messagesToo), hosts.Source.LastLines());
        var check = (await Hosts.AskAsync(hosts.SourceControl, ControlVerbs.SelfCheck)).SelfCheck!;
        Assert.True(check.Passed, check.FirstError);
    }
}
