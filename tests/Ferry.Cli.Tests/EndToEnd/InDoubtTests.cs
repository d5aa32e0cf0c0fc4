using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class InDoubtTests
{
    [Fact]
    public async Task A_destination_that_dies_after_commit_leaves_a_doubt_that_only_a_person_settles()
    {
        await using var hosts = await Hosts.StartAsync("thread", destinationDevice: socket => new HangingDevice(socket));
        var migration = BuiltCommand.RunAsync(
            hosts.Folder, "migrate", "--control", hosts.SourceControl, "--to", hosts.Address, "--settle-time", "1s", "--json");
        Assert.True(await hosts.WaitForPhaseAsync("handed over", migration));
        Hosts.Kill(hosts.Destination);

        var (code, output, error) = await migration;
        Assert.True(code == ExitCodes.InDoubt, error);
        Assert.Contains("\"runsAt\": \"in-doubt\"", output, StringComparison.Ordinal);
        var status = await Hosts.StatusAsync(hosts.SourceControl);
        Assert.Equal(MachineStates.InDoubt, status.State);
        await Task.Delay(50);
        Assert.Equal(status.Guest!.Transfers, (await Hosts.StatusAsync(hosts.SourceControl)).Guest!.Transfers);
        await Assert.ThrowsAsync<ControlException>(() => Hosts.AskAsync(hosts.SourceControl, ControlVerbs.Resume));

        Assert.Equal(ExitCodes.InDoubt, await SettleAsync(hosts, "ask"));
        Assert.Equal(ExitCodes.Done, await SettleAsync(hosts, "resume"));
        await MigrationTests.AssertWholeAsync(hosts, messagesToo: true);
    }

    private static async Task<int> SettleAsync(Hosts hosts, string choice) =>
        (await BuiltCommand.RunAsync(hosts.Folder, "tell", "settle", "--control", hosts.SourceControl, "--choice", choice)).Code;
}
