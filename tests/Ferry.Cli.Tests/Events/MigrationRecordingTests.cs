using Ferry.Cli.Commands;
using Ferry.Cli.Events;
using Ferry.Cli.Tests.Control;
using Ferry.Report;
using Spectre.Console.Testing;
using Xunit;

namespace Ferry.Cli.Tests.Events;

public sealed class MigrationRecordingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestConsole _console = new();

    public void Dispose()
    {
        _console.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_happened_and_what_came_of_it_are_in_the_log_and_the_report()
    {
        var (events, report) = (_folder.FileOf("e.jsonl"), _folder.FileOf("r.html"));
        using (var recording = new MigrationRecording(events, report))
        {
            Feed(recording);
            recording.Finish(FakeTarget.Report, null, _console);
        }

        var log = EventLogReader.Read(events);
        Assert.Equal(SampleLog.Events.Count, log.Events.Count);
        Assert.Equal(FakeTarget.Report.SentBytes, log.End!.Report!.SentBytes);
        Assert.Contains("Migration of demo", File.ReadAllText(report), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(ReportPage.DataFolderOf(report), "timeline.png")));
        Assert.Equal("", _console.Output);
    }

    [Fact]
    public void A_host_that_goes_away_leaves_what_it_told_and_why_there_is_no_more()
    {
        var events = _folder.FileOf("e.jsonl");
        using (var recording = new MigrationRecording(events, null))
        {
            SampleLog.Events.Take(5).ToList().ForEach(recording.Events!);
            recording.Finish(null, "the process closed the connection", _console);
        }

        var end = EventLogReader.Read(events).End!;
        Assert.Equal((EndEvent.Unknown, "the process closed the connection"), (end.Outcome, end.Reason));
    }

    // A device would be gone with it, and /dev/stdout is a link.
    [Fact]
    public void A_migration_that_was_refused_leaves_what_is_no_file_where_it_is()
    {
        var (target, link) = (_folder.FileOf("target"), _folder.FileOf("link"));
        File.WriteAllText(target, "");
        File.CreateSymbolicLink(link, target);
        using (var recording = new MigrationRecording(link, null))
        {
            recording.Finish(null, "refused", _console);
        }

        Assert.True(File.Exists(link));
        Assert.Contains("/dev/null is a device", Assert.Throws<UsageException>(() => new MigrationRecording(null, "/dev/null")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_migration_that_was_refused_leaves_no_file()
    {
        using (var recording = new MigrationRecording(_folder.FileOf("e.jsonl"), null))
        {
            recording.Finish(null, "refused", _console);
        }

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_disk_that_fills_up_costs_the_log_and_not_the_migration()
    {
        using var recording = new MigrationRecording("/dev/full", null);
        Feed(recording);
        recording.Finish(FakeTarget.Report, null, _console);
        Assert.Contains("--events: the log /dev/full ends after 0 lines", _console.Output, StringComparison.Ordinal);
        Assert.Contains("The migration was not touched by it", _console.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_that_can_not_be_written_any_more_is_said_and_costs_nothing_else()
    {
        var report = _folder.FileOf("r.html");
        using var recording = new MigrationRecording(null, report);
        Feed(recording);
        // What was writable at the beginning is in the way of a folder now.
        File.WriteAllText(ReportPage.DataFolderOf(report), "in the way");
        recording.Finish(FakeTarget.Report, null, _console);
        Assert.Contains($"--report: {report} could not be written", _console.Output.ReplaceLineEndings(""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing/e.jsonl", null, "--events")]
    [InlineData("", null, "--events")]
    [InlineData(null, "file/r.html", "--report")]
    [InlineData(null, "", "--report")]
    public void What_can_not_be_written_is_refused_before_anything_begins(string? events, string? report, string option)
    {
        File.WriteAllText(_folder.FileOf("file"), "");
        var refused = Assert.Throws<UsageException>(() => new MigrationRecording(PathOf(events), PathOf(report)));
        Assert.StartsWith($"{option}: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["file"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
    }

    private string? PathOf(string? name) => name is null ? null : _folder.FileOf(name);

    private static void Feed(MigrationRecording recording) => SampleLog.Events.ToList().ForEach(recording.Events!);
}
