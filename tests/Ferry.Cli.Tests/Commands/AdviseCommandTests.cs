using System.Text.Json;
using Ferry.Bench.Profiles;
using Ferry.Cli.Advising;
using Ferry.Cli.Commands;
using Ferry.Cli.Policies;
using Xunit;

namespace Ferry.Cli.Tests.Commands;

public sealed class AdviseCommandTests : IDisposable
{
    private static readonly HostFacts Here = HostReader.Read();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("400Gbps", "16M", "50ms")]
    [InlineData("400Gbps", "500M", "100ms")]
    [InlineData("10Gbps", "64M", "300ms")]
    [InlineData("1Gbps", "16M", "1s")]
    [InlineData("1Gbps", "200M", "2s")]
    [InlineData("max", "0", "300ms")]
    public async Task Every_policy_that_is_advised_is_one_that_the_reader_takes(string link, string rate, string downtime)
    {
        var policy = _folder.FileOf("policy.toml");
        var (code, output, error) = await AdviseAsync(Measured(), "--device", "nic0", "--device", "nic1", "--link", link, "--dirty-rate", rate, "--downtime", downtime, "--max-slowdown", "100%", "--out", policy, "--json");
        Assert.True(code == ExitCodes.Done, error + output);
        var request = PolicyFileReader.Read(policy).Request;
        Assert.Equal(["vcpus", "nic0", "nic1", null], request.Rules.Select(rule => rule.Source));
        Assert.InRange(request.DowntimeSeconds, 0.001, 2);
        Assert.InRange(request.SwitchoverSeconds, 0.005, request.DowntimeSeconds);
        var (shown, table, problem) = await RunAsync("policy", "show", "--policy", policy, "--json");
        Assert.True(shown == ExitCodes.Done, problem);
        using var document = JsonDocument.Parse(table);
        Assert.Equal(["vcpus", "nic0", "nic1", "*"], document.RootElement.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("source").GetString()));
    }

    // The fastest of all is to stop the device, which nobody wants who does not say so.
    [Fact]
    public async Task A_policy_that_takes_most_of_a_devices_work_is_advised_only_to_who_asks_for_it()
    {
        string[] question = ["--device", "nic0", "--link", "1Gbps", "--memory", "1G", "--data", "256M", "--working-set", "256M", "--dirty-rate", "64M", "--downtime", "1s", "--json"];
        Assert.DoesNotContain("early", await Recommended(question), StringComparison.Ordinal);
        Assert.Contains("nic0 by early", await Recommended([.. question, "--max-slowdown", "100%"]), StringComparison.Ordinal);

        async Task<string> Recommended(string[] args)
        {
            var (code, output, error) = await AdviseAsync(Measured(), args);
            Assert.True(code == ExitCodes.Done, error);
            using var document = JsonDocument.Parse(output);
            return document.RootElement.GetProperty("recommended").GetProperty("trackers").GetString()!;
        }
    }

    [Fact]
    public async Task It_says_which_policy_why_and_with_what_margin()
    {
        var (code, output, error) = await AdviseAsync(Measured(), "--device", "nic0", "--link", "400Gbps", "--downtime", "300ms", "--max-slowdown", "5%", "--json");
        Assert.True(code == ExitCodes.Done, error);
        using var document = JsonDocument.Parse(output);
        var advice = document.RootElement;
        Assert.Contains("device 64K", advice.GetProperty("recommended").GetProperty("trackers").GetString(), StringComparison.Ordinal);
        Assert.True(advice.GetProperty("margins").GetProperty("max-slowdown").GetDouble() is > 0 and <= 1);
        Assert.Contains("moves the machine in", advice.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(advice.GetProperty("shown").EnumerateArray());
    }

    [Fact]
    public async Task Where_nothing_meets_the_limits_it_fails_names_the_limit_and_writes_no_policy()
    {
        var policy = _folder.FileOf("policy.toml");
        var (code, output, _) = await AdviseAsync(Measured(), "--device", "nic0", "--link", "1Gbps", "--memory", "64G", "--max-time", "1s", "--downtime", "300ms", "--out", policy);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("--max-time from 1 s to", string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.False(File.Exists(policy));
    }

    [Theory]
    [InlineData("--link", "0Gbps", "--link: '0Gbps' is not")]
    [InlineData("--link", "-1Gbps", "--link: '-1Gbps' is not")]
    [InlineData("--link", "fast", "--link: 'fast' is not")]
    [InlineData("--downtime", "0s", "a downtime limit is at least 1 ms")]
    [InlineData("--max-slowdown", "101%", "--max-slowdown: '101%' is not")]
    [InlineData("--max-slowdown", "5", "--max-slowdown: '5' is not")]
    [InlineData("--max-time", "0s", "a limit of time is more than 0")]
    [InlineData("--working-set", "0", "--working-set: 0 is not from 1")]
    [InlineData("--working-set", "8G", "larger than memory")]
    [InlineData("--data", "8G", "more data than memory")]
    [InlineData("--dirty-rate", "max", "--dirty-rate: give a rate")]
    [InlineData("--device", "vcpus", "is no id of a device")]
    [InlineData("--device", "a\"b", "is no id of a device")]
    [InlineData("--device", "nic0", "2 devices; at most 3, each once")]
    public async Task Nonsense_is_refused_with_what_was_expected(string option, string value, string message)
    {
        string[] link = option == "--link" ? [] : ["--link", "10Gbps"];
        var (code, _, error) = await AdviseAsync(Measured(), ["--device", "nic0", .. link, option, value]);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_of_another_host_kernel_or_version_is_refused_unless_asked_for()
    {
        (CostProfile Profile, string Message)[] others =
        [
            (Measured() with { Host = Here with { Fingerprint = new string('0', 64) } }, "measured on another host"),
            (Measured() with { Host = Here with { Kernel = "2.6.32" } }, "measured on kernel 2.6.32"),
            (Measured() with { FerryVersion = "0.0.1" }, "measured by Ferry 0.0.1"),
        ];
        foreach (var (profile, message) in others)
        {
            var (code, _, error) = await AdviseAsync(profile, "--link", "10Gbps");
            Assert.Equal(ExitCodes.Usage, code);
            Assert.Contains(message, error, StringComparison.Ordinal);
            Assert.Equal(ExitCodes.Done, (await AdviseAsync(profile, "--link", "10Gbps", "--other-host")).Code);
        }
    }

    [Fact]
    public async Task Too_few_samples_name_what_to_run()
    {
        var (code, _, error) = await AdviseAsync(Measured() with { Costs = [] }, "--link", "10Gbps");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("too few samples", error, StringComparison.Ordinal);
        Assert.Contains("ferry bench --only migration", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profile_that_is_not_there_names_how_to_make_one()
    {
        var (code, _, error) = await RunAsync("advise", "--link", "10Gbps", "--profile", _folder.FileOf("none.json"));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("run 'ferry bench' first", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_in_a_policy_takes_the_page_size_of_the_latest_profile_and_says_so()
    {
        var profile = _folder.FileOf("profile.json");
        ProfileFile.Write(profile, Measured());
        var policy = AutoPageSizes.Apply(PolicyFileReader.Parse("[default]\npage-size = \"auto\"\nwith = [\"kvm-log\", \"device\"]"u8, "p.toml"), profile);
        var device = SourceSettings.Resolve(policy.Request.Rules, "nic0", isDevice: true).PageSizeBytes;
        Assert.Equal(65536UL, device.Value);
        Assert.Equal($"p.toml:2, auto by {profile}", device.From);
        Assert.Equal(0UL, SourceSettings.Resolve(policy.Request.Rules, "vcpus", isDevice: false).PageSizeBytes.Value);
    }

    [Fact]
    public void Auto_of_one_device_is_that_devices_alone()
    {
        var profile = _folder.FileOf("profile.json");
        ProfileFile.Write(profile, Measured());
        var policy = AutoPageSizes.Apply(PolicyFileReader.Parse("[[source]]\nid = \"nic0\"\npage-size = \"auto\""u8, "p.toml"), profile);
        Assert.Equal(65536UL, SourceSettings.Resolve(policy.Request.Rules, "nic0", isDevice: true).PageSizeBytes.Value);
        Assert.Equal(0UL, SourceSettings.Resolve(policy.Request.Rules, "nic1", isDevice: true).PageSizeBytes.Value);
    }

    [Fact]
    public void Auto_stays_the_finest_where_the_profile_is_missing_broken_or_of_another_host()
    {
        var broken = _folder.FileOf("broken.json");
        File.WriteAllText(broken, "{");
        var other = _folder.FileOf("other.json");
        ProfileFile.Write(other, Measured() with { FerryVersion = "0.0.1" });
        foreach (var path in new[] { _folder.FileOf("none.json"), broken, other })
        {
            var policy = AutoPageSizes.Apply(PolicyFileReader.Parse("[default]\npage-size = \"auto\""u8, "p.toml"), path);
            Assert.Equal(0UL, SourceSettings.Resolve(policy.Request.Rules, "nic0", isDevice: true).PageSizeBytes.Value);
        }
    }

    private Task<(int Code, string Output, string Error)> AdviseAsync(CostProfile profile, params string[] args)
    {
        var path = _folder.FileOf("profile.json");
        ProfileFile.Write(path, profile);
        return RunAsync(["advise", "--profile", path, .. args]);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FerryCommand.RunAsync(args, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }

    // A device that 4 KiB pages cost a tenth of its work.
    private static CostProfile Measured()
    {
        static FittedCost Cost(string name, double value, string? provider = null, ulong? size = null) =>
            new() { Name = name, Provider = provider, PageSizeBytes = size, Value = value, Error = 0, Count = 5 };
        static IEnumerable<FittedCost> Tracker(string provider, ulong size, string ratio, double progress) =>
        [
            Cost(CostNames.StartSeconds, 0.001, provider, size), Cost(CostNames.StopSeconds, 0.001, provider, size),
            Cost(CostNames.ReportSecondsFixed, 0.001, provider, size), Cost(CostNames.ReportSecondsPerMemoryByte, 1e-12, provider, size),
            Cost(CostNames.ReportSecondsPerPage, 1e-7, provider, size), Cost(ratio, progress, provider, size),
        ];
        return new CostProfile
        {
            FerryVersion = LatestProfile.FerryVersion,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Host = Here,
            Samples = [],
            Costs =
            [
                Cost(CostNames.CopyBytesPerSecond, 1e9), Cost(CostNames.MigrationSecondsFixed, 0.05), Cost(CostNames.SwitchoverSecondsFixed, 0.02),
                .. Tracker("kvm-log", 4096, CostNames.GuestProgressRatio, 0.99), .. Tracker("device", 4096, CostNames.DeviceProgressRatio, 0.9),
                .. Tracker("device", 65536, CostNames.DeviceProgressRatio, 1),
            ],
        };
    }
}
