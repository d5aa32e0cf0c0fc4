using System.Text.Json;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;
using Ferry.Cli.Commands;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The bench as users run it, at sizes so small that its figures mean nothing: what it leaves, and what it says.</summary>
public sealed class BenchTests : IDisposable
{
    private static readonly string[] Tiny = ["bench", "--memory", "64M", "--repeats", "3", "--window", "10ms"];

    private readonly TemporaryFolder _folder = new();

    private string Profile => _folder.FileOf("profile.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_bench_leaves_a_profile_and_a_report_and_nothing_else()
    {
        var (code, output, error) = await RunAsync("--only", "slowdown,all", "--out", Profile, "--json");
        Assert.True(code == 0, error);
        using var document = JsonDocument.Parse(output);
        Assert.Equal(Profile, document.RootElement.GetProperty("profile").GetString());
        Assert.Equal(document.RootElement.GetProperty("points").GetInt32(), document.RootElement.GetProperty("measured").GetInt32());
        Assert.NotEmpty(document.RootElement.GetProperty("costs").EnumerateArray());
        var profile = ProfileFile.Read(Profile);
        Assert.Null(LatestProfile.WhyNot(profile, HostReader.Read()));
        Assert.Contains("<svg", await File.ReadAllTextAsync(_folder.FileOf("profile.html"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(["profile-data", "profile.html", "profile.json"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
        Assert.Empty(BuiltCommand.ProcessesIn(_folder.Path));
    }

    [Fact]
    public async Task What_was_interrupted_is_kept_and_gone_on_with()
    {
        string[] arguments = ["bench", "--memory", "64M", "--repeats", "20", "--only", "report", "--out", Profile, "--no-report"];
        using (var ended = new EndedProcess(BuiltCommand.Start(_folder.Path, arguments)))
        {
            var process = ended.Process;
            while (!File.Exists($"{Profile}.partial") || ProfileFile.Read($"{Profile}.partial").Samples.Count == 0)
            {
                Assert.False(process.HasExited);
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }

            Assert.Equal(ExitCodes.Failed, await BuiltCommand.SignalAsync(process, "-INT"));
            Assert.Contains("the same command goes on from there", await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        var kept = ProfileFile.Read(Profile);
        Assert.False(kept.IsComplete);
        Assert.Empty(BuiltCommand.ProcessesIn(_folder.Path));
        var (code, _, error) = await BuiltCommand.RunAsync(_folder.Path, [.. arguments, "--seed", "2"]);
        Assert.True(code == 0, error);
        Assert.DoesNotContain(" 0 of ", error, StringComparison.Ordinal);
        var whole = ProfileFile.Read(Profile);
        // What was kept has not been measured again.
        Assert.All(kept.Samples, sample => Assert.Contains(whole.Samples, other => other.Dimensions == sample.Dimensions && other.Measures[0].Values.SequenceEqual(sample.Measures[0].Values)));
        Assert.True(whole.Samples.Count > kept.Samples.Count);
    }

    [Fact]
    public async Task A_device_of_ones_own_is_measured_and_stays()
    {
        var socket = _folder.FileOf("own.sock");
        using var ended = new EndedProcess(BuiltCommand.Start(_folder.Path, "device", "rnic", "--socket", socket, "--message", "8K"));
        while (!File.Exists(socket))
        {
            Assert.False(ended.Process.HasExited);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var (code, _, error) = await RunAsync("--only", "device,off", "--socket", socket, "--out", Profile, "--no-report");
        Assert.True(code == 0, error);
        Assert.False(ended.Process.HasExited);
        var messages = ProfileFile.Read(Profile).Samples.Where(sample => sample.Dimensions.MessageBytes > 0 && sample.Experiment != ExperimentNames.Migration).Select(sample => sample.Dimensions.MessageBytes).Distinct();
        Assert.Equal([8192UL], messages);
        Assert.Contains("mediated", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--only: there is no experiment and no tracker 'reprot'", "--only", "reprot")]
    [InlineData("--memory: 3M", "--memory", "3M")]
    [InlineData("--window: 1ms", "--window", "1ms")]
    [InlineData("--fresh and --resume", "--fresh", "--resume", "x.json")]
    [InlineData("--no-report and --report", "--no-report", "--report", "x.html")]
    [InlineData("--resume: there is no nowhere.json", "--resume", "nowhere.json")]
    [InlineData("--repeats", "--repeats", "0")]
    [InlineData("--vfio: 'mlx5' is neither", "--vfio", "mlx5")]
    [InlineData("--vfio: there is no PCI device 0000:ff:1f.7 here", "--vfio", "0000:ff:1f.7")]
    [InlineData("--vfio: there is no mediated device", "--vfio", "00000000-0000-0000-0000-000000000000")]
    public async Task Nonsense_is_refused_before_anything_is_measured(string expected, params string[] arguments)
    {
        var (code, error) = await RunHereAsync(["bench", .. arguments]);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_place_that_can_not_be_written_is_refused_before_anything_is_measured()
    {
        await File.WriteAllTextAsync(_folder.FileOf("file"), "", TestContext.Current.CancellationToken);
        var (code, _, error) = await RunAsync("--only", "watching", "--out", _folder.FileOf("file/profile.json"));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--out", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_of_another_kernel_is_not_gone_on_with()
    {
        ProfileFile.Write(Profile, Foreign());
        var (code, error) = await RunHereAsync(["bench", "--resume", Profile]);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("measured on kernel 0.0", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profiles_of_two_hosts_are_merged_only_where_that_is_asked_for()
    {
        var (left, right, merged) = (_folder.FileOf("a.json"), _folder.FileOf("b.json"), _folder.FileOf("c.json"));
        ProfileFile.Write(left, Foreign());
        ProfileFile.Write(right, Foreign() with { Host = HostReader.Read() });
        var (code, error) = await RunHereAsync(["bench", "merge", left, right, "--out", merged]);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("the kernels differ", error, StringComparison.Ordinal);
        Assert.False(File.Exists(merged));
        Assert.Equal(ExitCodes.Done, (await RunHereAsync(["bench", "merge", left, right, "--out", merged, "--other-host"])).Code);
        Assert.Equal(Foreign().Host, ProfileFile.Read(merged).Host);
    }

    [Fact]
    public async Task The_difference_of_two_profiles_is_told_and_so_are_their_hosts()
    {
        var (left, right) = (_folder.FileOf("a.json"), _folder.FileOf("b.json"));
        FittedCost cost = new() { Name = CostNames.CopyBytesPerSecond, Value = 1, Error = 0.1, Count = 5 };
        ProfileFile.Write(left, Foreign() with { Costs = [cost] });
        ProfileFile.Write(right, Foreign() with { Costs = [cost with { Value = 2 }], Host = HostReader.Read() });
        using var output = new StringWriter();
        Assert.Equal(ExitCodes.Done, await FerryCommand.RunAsync(["bench", "diff", left, right, "--json"], output, TextWriter.Null, CancellationToken.None));
        using var document = JsonDocument.Parse(output.ToString());
        Assert.Equal(1, document.RootElement.GetProperty("differing").GetInt32());
        Assert.Contains("kernels", document.RootElement.GetProperty("hostsDiffer").GetString(), StringComparison.Ordinal);
        using var table = new StringWriter();
        await FerryCommand.RunAsync(["bench", "diff", left, right], table, TextWriter.Null, CancellationToken.None);
        Assert.Contains("1 of 1 costs differ", table.ToString(), StringComparison.Ordinal);
        Assert.Contains("not of one host", table.ToString(), StringComparison.Ordinal);
    }

    private static CostProfile Foreign() => new()
    {
        FerryVersion = LatestProfile.FerryVersion,
        CreatedAt = DateTimeOffset.UnixEpoch,
        Host = new() { Fingerprint = new string('0', 64), Kernel = "0.0", CpuModel = "cpu", Cores = 2, MemoryBytes = 16UL << 30, Accelerator = "kvm" },
        Samples = [],
        Costs = [],
    };

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => BuiltCommand.RunAsync(_folder.Path, [.. Tiny, .. arguments]);

    private static async Task<(int Code, string Error)> RunHereAsync(string[] arguments)
    {
        using var error = new StringWriter();
        return (await FerryCommand.RunAsync(arguments, TextWriter.Null, error, CancellationToken.None), error.ToString());
    }
}
