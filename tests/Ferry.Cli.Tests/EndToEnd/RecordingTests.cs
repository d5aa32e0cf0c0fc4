using System.Diagnostics;
using System.Text.Json;
using Ferry.Cli.Events;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>What migrations leave behind, and what is made of it later.</summary>
public sealed class RecordingTests : IDisposable
{
    private readonly TemporaryFolder _runtime = new();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Everywhere => [.. Accelerators.All];

    public void Dispose()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_runtime.Path));
        _runtime.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task A_log_replays_as_the_migration_that_it_tells_of(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (events, report, again) = (_folder.FileOf("e.jsonl"), _folder.FileOf("r.html"), _folder.FileOf("again.html"));
        var (code, output, error) = await DemoAsync("--json", "--accelerator", accelerator, "--bandwidth", "60M", "--events", events, "--report", report);
        Assert.True(code == ExitCodes.Done, error + output);

        var (replayed, json, problems) = await BuiltCommand.RunAsync(_runtime.Path, "replay", events, "--json", "--report", again);
        Assert.True(replayed == ExitCodes.Done, problems);
        Assert.Equal(output, json);
        Assert.Equal(await File.ReadAllTextAsync(report), await File.ReadAllTextAsync(again));

        var log = EventLogReader.Read(events);
        using var said = JsonDocument.Parse(output);
        Assert.Equal(0, log.LostCount);
        Assert.Equal(said.RootElement.GetProperty("rounds").GetInt32(), log.Rounds.Count());
        Assert.Equal(said.RootElement.GetProperty("downtimeSeconds").GetDouble(), log.End!.DowntimeSeconds);
        var trackers = said.RootElement.GetProperty("trackers").EnumerateArray().ToDictionary(each => each.GetProperty("name").GetString()!, each => each.GetProperty("dirtyPages").GetUInt64());
        Assert.Equal(trackers, log.Reads.GroupBy(each => each.Tracker).ToDictionary(group => group.Key, group => group.Aggregate(0UL, (sum, each) => sum + each.DirtyPages)));
        Assert.Contains(log.Events, each => each.Device is { Id: "nic0", State: "STOP_COPY" });
    }

    [Fact]
    public async Task Both_sides_tell_of_the_same_migration()
    {
        var (here, there) = (_folder.FileOf("here.jsonl"), _folder.FileOf("there.jsonl"));
        await using (var hosts = await Hosts.StartAsync("thread", receiveOptions: ["--events", there]))
        {
            var (code, output, error) = await BuiltCommand.RunAsync(
                hosts.Folder, "migrate", "--control", hosts.SourceControl, "--to", hosts.Address, "--events", here, "--json");
            Assert.True(code == ExitCodes.Done, error + output);
            Assert.True(await Hosts.WorksOnAsync(hosts.DestinationControl, messagesToo: true));
        }

        var (source, destination) = (EventLogReader.Read(here), EventLogReader.Read(there));
        Assert.Equal(source.Events[0].Migration, destination.Events[0].Migration);
        Assert.Equal((EventDocument.SourceSide, EventDocument.DestinationSide), (source.Side, destination.Side));
        Assert.Equal(("completed", "running"), (source.End!.Outcome, destination.End!.Outcome));
        Assert.Equal(["RESUMING", "STOP", "RUNNING_P2P", "RUNNING"], destination.Events.Select(each => each.Device?.State).OfType<string>());
        var (replayed, text, _) = await BuiltCommand.RunAsync(_runtime.Path, "replay", there, "--report", _folder.FileOf("there.html"));
        Assert.Equal(ExitCodes.Done, replayed);
        Assert.Contains("destination", text, StringComparison.Ordinal);
        Assert.Contains("Migration of", await File.ReadAllTextAsync(_folder.FileOf("there.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_under_the_log_is_said_and_the_machine_moves_all_the_same()
    {
        var (code, output, error) = await DemoAsync("--json", "--accelerator", "thread", "--events", "/dev/full");
        Assert.True(code == ExitCodes.Done, error + output);
        Assert.Contains("--events: the log /dev/full ends after 0 lines", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--events", "e.jsonl")]
    [InlineData("--report", "r.html")]
    public async Task A_disk_without_room_is_refused_before_the_machine_is_started(string option, string name)
    {
        var disk = Directory.CreateDirectory(_folder.FileOf("disk")).FullName;
        Assert.SkipUnless(await CallAsync("mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", disk) == 0, "a small file system can't be mounted (needs CAP_SYS_ADMIN)");
        try
        {
            var (code, _, error) = await DemoAsync("--accelerator", "thread", option, Path.Combine(disk, name));
            Assert.Equal(ExitCodes.Usage, code);
            Assert.Contains("the disk was full", error, StringComparison.Ordinal);
            Assert.DoesNotContain("starting", error, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(disk));
        }
        finally
        {
            Assert.Equal(0, await CallAsync("umount", disk));
        }
    }

    [Fact]
    public async Task A_place_that_can_not_be_written_is_refused_before_the_machine_is_started()
    {
        var (code, _, error) = await DemoAsync("--accelerator", "thread", "--report", _folder.FileOf("missing/r.html"));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--report: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("starting", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_log_is_refused_with_the_line()
    {
        await File.WriteAllTextAsync(_folder.FileOf("x.jsonl"), "{}\n", TestContext.Current.CancellationToken);
        var (code, _, error) = await BuiltCommand.RunAsync(_runtime.Path, "replay", _folder.FileOf("x.jsonl"));
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("x.jsonl, line 1: no event: it has no version", error, StringComparison.Ordinal);
    }

    private static async Task<int> CallAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        _ = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private Task<(int Code, string Output, string Error)> DemoAsync(params string[] options) => BuiltCommand.RunAsync(
        _runtime.Path,
        ["demo", "--memory", "64M", "--fill", "mixed:16M", "--working-set", "2M", "--nic-working-set", "1M", "--warm-up", "200ms", "--nic-rate", "2M", .. options]);
}
