using System.Text;
using CsCheck;
using Ferry.Lab.Results;
using Xunit;

namespace Ferry.Lab.Tests;

/// <summary>A run of the lab passes only if each check said once that it passed, or was skipped, and the run ended by itself.</summary>
public sealed class ResultReaderTests
{
    private const string First = """{"name":"a","outcome":"passed","detail":"group 1","milliseconds":12.5}""";
    private const string Second = """{"name":"b","outcome":"passed","detail":"","milliseconds":0}""";
    private static readonly string[] Expected = ["a", "b"];

    [Fact]
    public void A_run_in_which_every_check_passed_passes()
    {
        var report = Read($"{First}\n{Second}\n");
        Assert.True(report.Passed);
        Assert.Equal([new("a", CheckOutcome.Passed, "group 1", 12.5), new("b", CheckOutcome.Passed, "", 0)], report.Results);
        Assert.Equal("passed   a       12 ms  group 1\npassed   b        0 ms  \nlab: 2 passed, 0 failed, 0 skipped\n", Written(report));
    }

    [Fact]
    public void A_skipped_check_is_counted_and_does_not_fail_the_run()
    {
        var report = Read($"{First}\n{Second.Replace("passed", "skipped", StringComparison.Ordinal)}\n");
        Assert.True(report.Passed);
        Assert.EndsWith("lab: 1 passed, 0 failed, 1 skipped\n", Written(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_in_which_all_was_skipped_proves_nothing_and_fails() =>
        Assert.False(Read($"{First}\n{Second}\n".Replace("passed", "skipped", StringComparison.Ordinal)).Passed);

    [Fact]
    public void A_failed_check_fails_the_run()
    {
        var report = Read($"{First}\n{Second.Replace("passed", "failed", StringComparison.Ordinal)}\n");
        Assert.False(report.Passed);
        Assert.Empty(report.Problems);
        Assert.EndsWith("lab: 1 passed, 1 failed, 0 skipped\n", Written(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_result_that_did_not_come_fails_the_run_and_is_named()
    {
        var report = Read($"{First}\n");
        Assert.False(report.Passed);
        Assert.Equal(["b: no result came"], report.Problems);
        Assert.Contains("failed   b: no result came\nlab: 1 passed, 1 failed, 0 skipped\n", Written(report), StringComparison.Ordinal);
    }

    [Fact]
    public void No_result_at_all_fails_the_run_and_names_every_check() => Assert.Equal(["a: no result came", "b: no result came"], Read("").Problems);

    [Fact]
    public void A_run_that_was_to_check_nothing_fails() => Assert.False(ResultReader.Read([], [], null).Passed);

    [Fact]
    public void A_line_that_is_cut_is_no_result_even_where_it_could_be_read()
    {
        var report = Read($"{First}\n{Second}");
        Assert.False(report.Passed);
        Assert.Equal(2, report.Problems.Count);
        Assert.StartsWith("line 2 is cut: ", report.Problems[0], StringComparison.Ordinal);
        Assert.Equal("b: no result came", report.Problems[1]);
    }

    [Fact]
    public void A_second_result_of_a_check_fails_the_run_whatever_it_says()
    {
        var report = Read($"{First}\n{Second}\n{First}\n");
        Assert.False(report.Passed);
        Assert.Equal(["a: a second result came, passed"], report.Problems);
        Assert.Equal(CheckOutcome.Failed, Read($"{First.Replace("passed", "failed", StringComparison.Ordinal)}\n{Second}\n{First}\n").Results[0].Outcome);
    }

    [Theory]
    [InlineData("the lab did not end in time")]
    [InlineData("QEMU ended with code 1")]
    public void A_run_that_did_not_end_by_itself_fails_though_every_check_passed(string problem)
    {
        var report = ResultReader.Read(Encoding.UTF8.GetBytes($"{First}\n{Second}\n"), Expected, problem);
        Assert.False(report.Passed);
        Assert.Equal([problem], report.Problems);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("console noise")]
    [InlineData("""{"name":"b","outcome":"passed","detail":""}""")]
    [InlineData("""{"name":"b","outcome":"passed","milliseconds":1}""")]
    [InlineData("""{"name":"b","outcome":"passed","detail":null,"milliseconds":1}""")]
    [InlineData("""{"name":"b","outcome":"fine","detail":"","milliseconds":1}""")]
    [InlineData("""{"name":"b","outcome":7,"detail":"","milliseconds":1}""")]
    [InlineData("""{"name":"b","outcome":"passed","detail":"","milliseconds":-1}""")]
    [InlineData("""{"name":"b","outcome":"passed","detail":"","milliseconds":1e999}""")]
    [InlineData("""{"name":"b","outcome":"passed","detail":"","milliseconds":1,"more":1}""")]
    [InlineData("""{"name":"c","outcome":"passed","detail":"","milliseconds":1}""")]
    public void A_line_that_is_no_result_of_a_check_that_was_to_run_fails_the_run(string line)
    {
        var report = Read($"{First}\n{line}\n{Second}\n");
        Assert.False(report.Passed);
        Assert.Equal(2, report.Results.Count);
        Assert.StartsWith("line 2 is ", Assert.Single(report.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_or_a_run_without_end_is_refused()
    {
        var padded = First.Replace("group 1", new string('x', ResultReader.MaxLineBytes), StringComparison.Ordinal);
        Assert.StartsWith("line 1 is no result", Read($"{padded}\n{Second}\n").Problems[0], StringComparison.Ordinal);
        var report = ResultReader.Read(new byte[ResultReader.MaxBytes + 1], Expected, null);
        Assert.False(report.Passed);
        Assert.StartsWith("more than ", report.Problems[0], StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_lab_says_can_not_steer_the_terminal()
    {
        var text = Written(Read($"{First.Replace("group 1", "\\u001b[2J\\nlab: 9 passed", StringComparison.Ordinal)}\n\u001b]0;x\a\n"));
        Assert.DoesNotContain(text, each => char.IsControl(each) && each != '\n');
        Assert.Equal(4, text.Count(each => each == '\n'));
    }

    [Fact]
    public void A_file_is_read_as_its_bytes_and_a_missing_one_as_none()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, $"{First}\n{Second}\n");
            Assert.True(ResultReader.ReadFile(path, Expected, null).Passed);
        }
        finally
        {
            File.Delete(path);
        }

        Assert.Equal(2, ResultReader.ReadFile(path, Expected, null).Problems.Count);
    }

    [Fact]
    public void Any_change_of_a_good_run_passes_only_if_it_still_says_the_same()
    {
        var good = Encoding.UTF8.GetBytes($"{First}\n{Second}\n");
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var bytes = good.ToArray();
            bytes[at] = value;
            var report = ResultReader.Read(bytes, Expected, null);
            return !report.Passed || report.Results.Select(result => result.Name).Order().SequenceEqual(Expected);
        });
    }

    private static LabReport Read(string text) => ResultReader.Read(Encoding.UTF8.GetBytes(text), Expected, null);

    private static string Written(LabReport report)
    {
        var text = new StringWriter { NewLine = "\n" };
        report.Write(text);
        return text.ToString();
    }
}
