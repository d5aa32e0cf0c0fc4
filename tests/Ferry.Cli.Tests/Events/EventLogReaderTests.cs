using System.Text.Json;
using Ferry.Cli.Control;
using Ferry.Cli.Events;
using Ferry.Cli.Reporting;
using Xunit;

namespace Ferry.Cli.Tests.Events;

public sealed class EventLogReaderTests
{
    [Fact]
    public void What_was_written_is_read()
    {
        var log = SampleLog.Read(SampleLog.Text(SampleLog.Events));
        Assert.Equal(SampleLog.Text(SampleLog.Events), SampleLog.Text(log.Events));
        Assert.Equal(3, log.LostCount);
        Assert.Equal(2, log.Rounds.Count());
    }

    [Fact]
    public void A_log_that_was_cut_off_is_read_up_to_there_and_says_so()
    {
        var text = SampleLog.Text(SampleLog.Events);
        var log = SampleLog.Read(text[..^20]);
        Assert.Null(log.End);
        Assert.Equal(SampleLog.Events.Count - 1, log.Events.Count);
        var report = ReplayedReport.Of(log);
        Assert.Equal((ReplayedReport.Unknown, false, 2), (report.RunsAt, report.Verified, report.Rounds));
        Assert.Equal(826_200_000UL, report.SentBytes);
        Assert.Equal(["pause vCPUs", $"stop-copy of device {SampleLog.Hostile}"], report.DowntimeParts.Select(part => part.Name));
        Assert.Contains("ends before", report.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_of_a_log_is_the_one_that_the_migration_printed()
    {
        var log = SampleLog.Read(SampleLog.Text(SampleLog.Events));
        Assert.Equal(
            JsonSerializer.Serialize(SampleLog.Events[^1].End!.Report!, ControlJson.Default.MigrationDocument),
            JsonSerializer.Serialize(ReplayedReport.Of(log), ControlJson.Default.MigrationDocument));
    }

    [Fact]
    public void A_name_that_is_markup_is_shown_in_the_report_and_not_run()
    {
        var page = MigrationPage.Of(SampleLog.Read(SampleLog.Text(SampleLog.Events)));
        var html = page.ToHtml();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("nic&lt;script&gt;alert(1)", html, StringComparison.Ordinal);
        Assert.Equal(["timeline", "dirty-pages", "bandwidth"], page.Sections.Select(section => section.Chart?.Name).OfType<string>());
    }

    [Theory]
    [InlineData("\"version\":1", "\"version\":2", "line 2: version 2 was written by a newer ferry; this one reads version 1")]
    [InlineData("\"version\":1", "\"version\":0", "no whole number from 1")]
    [InlineData("\"version\":1,", "", "it has no version")]
    [InlineData("\"version\":1,", "\"version\":1,\"version\":1,", "no event")]
    [InlineData("\"machine\":\"demo\"", "\"machine\":\"other\"", "of another migration")]
    [InlineData("\"machine\":\"demo\"", "\"machine\":null", "no event")]
    [InlineData("\"machine\":\"demo\"", "\"machine\":\"de\\u001Bmo\"", "control characters")]
    [InlineData("\"machine\":\"demo\",", "", "no event")]
    [InlineData("\"side\":\"source\"", "\"side\":\"neither\"", "neither source nor destination")]
    [InlineData("\"migration\":\"6f0a1f0e", "\"migration\":\"zzza1f0e", "id is none")]
    [InlineData("\"seconds\":0.1,", "\"seconds\":-0.1,", "negative or too large")]
    [InlineData("\"seconds\":0.1,", "\"seconds\":1e999,", "negative or too large")]
    [InlineData("\"seconds\":0.1,", "\"seconds\":\"0.1\",", "no event")]
    [InlineData("\"seconds\":0.1,", "\"seconds\":5,", "line 3: it happened before")]
    [InlineData("\"round\":0", "\"round\":99999999999", "no event")]
    [InlineData("\"step\":", "\"lost\":{\"count\":1},\"step\":", "says 2 things")]
    [InlineData("\"step\":", "\"unknown\":1,\"step\":", "no event")]
    [InlineData("{\"version\"", "[[[[[[[[[[[[[[{\"version\"", "no event")]
    [InlineData("{\"version\"", "}{\"version\"", "no event")]
    public void A_line_that_no_log_has_is_refused_with_where_and_why(string part, string other, string reason)
    {
        var line = SampleLog.Line(SampleLog.Events[1]);
        Assert.Contains(part, line, StringComparison.Ordinal);
        var text = SampleLog.Line(SampleLog.Events[0]) + line.Replace(part, other, StringComparison.Ordinal) + SampleLog.Text(SampleLog.Events.Skip(2));
        var refused = Assert.Throws<EventLogException>(() => SampleLog.Read(text));
        Assert.StartsWith("events.jsonl, line ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_do_not_follow_one_another_are_refused()
    {
        Refuse("the first event is not the beginning", [.. SampleLog.Events.Skip(1)]);
        Refuse("it begins again", [SampleLog.Events[0], SampleLog.Events[0]]);
        Refuse("something happens after the end", [SampleLog.Events[0], SampleLog.Events[^1], SampleLog.Events[^1]]);
        Refuse("holds no event", []);
        Refuse("says 0 things", [SampleLog.Events[0], SampleLog.Empty]);
        Refuse("the policy is none", [SampleLog.Events[0] with { Begin = SampleLog.Events[0].Begin! with { Policy = new MigrateRequest { Channels = 99 } } }]);
    }

    [Fact]
    public void Text_and_lines_have_a_length_that_is_not_passed()
    {
        Refuse("characters, 65536 are allowed", [SampleLog.Events[0] with { Machine = new string('x', 65537) }]);
        var refused = Assert.Throws<EventLogException>(() => SampleLog.Read(new string(' ', EventLogReader.LongestLineBytes + 1)));
        Assert.Contains($"more than {EventLogReader.LongestLineBytes} bytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused()
    {
        using var stream = new MemoryStream([.. "{\"version\":1,\"machine\":\""u8, 0xC3, 0x28, .. "\"}\n"u8]);
        Assert.Throws<EventLogException>(() => EventLogReader.Read(stream, "events.jsonl"));
    }

    private static void Refuse(string reason, EventDocument[] events) =>
        Assert.Contains(reason, Assert.Throws<EventLogException>(() => SampleLog.Read(SampleLog.Text(events))).Message, StringComparison.Ordinal);
}
