using System.Text.Json;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary>The same machine under different policies, with devices that differ; each migration is whole and verified.</summary>
public sealed class PolicyTests : IDisposable
{
    private static readonly string[] Lacks = ["none", "p2p", "pre-copy", "dma-log", "p2p,pre-copy,dma-log"];

    private readonly TemporaryFolder _runtime = new();

    public static TheoryData<string, string, string> Policies => new()
    {
        // What a device can't do, and the policy that goes with it.
        { "thread", "p2p", "" },
        { "thread", "pre-copy", "[default]\nsync = \"each-round\"" },
        { "thread", "dma-log", "[[source]]\nid = \"nic0\"\nquiesce = \"early\"" },
        { "thread", "p2p,pre-copy,dma-log", "[[source]]\nid = \"nic0\"\nwith = [\"device\", \"all\"]\n[limits]\nrounds = 3" },
        { "thread", "none", "[default]\nwith = [\"process\", \"device\", \"all\"]\ncombine = \"first\"\nfallback = \"all\"\nsync = \"never\"" },
        { "thread", "none", "[[source]]\nid = \"nic0\"\nwith = [\"device\", \"all\"]\ncombine = \"union\"\n[limits]\nrounds = 3" },
        { "thread", "none", "[sequence]\ntracking = false" },
        { "thread", "none", "[sequence]\npre-copy = false\ngrace = \"devices-first\"" },
        { "kvm", "none", "[[source]]\nid = \"vcpus\"\nwith = [\"kvm-ring\"]\n[[source]]\nid = \"nic0\"\npage-size = \"2M\"" },
        { "kvm", "p2p,dma-log", "[[source]]\nid = \"nic0\"\nquiesce = \"early\"" },
    };

    // What is no policy there is a machine.
    public static TheoryData<string> Examples =>
        [.. Directory.GetFiles(ExamplesFolder, "*.toml").Select(file => Path.GetFileName(file)!).Where(name => name is not ("machine.toml" or "kernel-devices.toml")).Order()];

    private static string ExamplesFolder
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "Ferry.slnx")))
            {
                folder = folder.Parent!;
            }

            return Path.Combine(folder.FullName, "examples");
        }
    }

    public void Dispose() => _runtime.Dispose();

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task It_moves_verified(string accelerator, string lacks, string policy)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await DemoAsync(accelerator, policy, "--nic-lacks", lacks);
        Assert.True(code == ExitCodes.Done, $"{lacks}: {policy}\n{error}{output}");
    }

    [Fact]
    public async Task Devices_that_differ_move_together()
    {
        var lacks = Lacks.SelectMany(lack => new[] { "--nic-lacks", lack });
        const string policy = "[default]\nwith = [\"process\", \"device\", \"all\"]\n[[source]]\nid = \"nic3\"\nquiesce = \"early\"\n[limits]\nrounds = 3";
        var (code, output, error) = await DemoAsync("thread", policy, ["--nics", "5", "--vcpus", "2", .. lacks]);
        Assert.True(code == ExitCodes.Done, error + output);
        using var json = JsonDocument.Parse(output);
        var states = json.RootElement.GetProperty("devices").EnumerateArray().Select(device => device.GetProperty("states").EnumerateArray().Select(state => state.GetString()).ToArray()).ToArray();
        Assert.Equal(["RUNNING", "PRE_COPY", "STOP_COPY", "RESUMING", "STOP", "RUNNING"], states[1]);
        Assert.Equal(["RUNNING", "RUNNING_P2P", "STOP_COPY"], states[2][..3]);
        Assert.Equal(["RUNNING", "RUNNING_P2P", "STOP", "STOP_COPY"], states[3][..4]);
        Assert.Equal(["RUNNING", "STOP_COPY"], states[4][..2]);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task The_examples_move_a_machine(string name)
    {
        var (code, output, error) = await DemoAsync("thread", null, "--policy", Path.Combine(ExamplesFolder, name), "--nics", "2", "--verify");
        Assert.True(code == ExitCodes.Done, error + output);
    }

    /// <summary>Real peer-to-peer DMA: each device writes the numbers of its messages into the other, which stops where one is missing.</summary>
    [Theory]
    [InlineData("thread", "none", "none")]
    [InlineData("thread", "none", "none", "--nic-log", "pinned")]
    [InlineData("thread", "none", "none", "--nic-dma", "mediated")]
    [InlineData("thread", "none", "pre-copy,dma-log")]
    [InlineData("kvm", "none", "none")]
    public async Task Devices_that_write_into_each_other_move_without_losing_a_number(string accelerator, string first, string second, params string[] options)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await DemoAsync(
            accelerator, "[default]\nwith = [\"kvm-log\", \"process\", \"device\", \"all\"]\n[limits]\nrounds = 3",
            ["--nics", "2", "--vcpus", "2", "--nic-peers", "--nic-lacks", first, "--nic-lacks", second, .. options]);
        Assert.True(code == ExitCodes.Done, error + output);
        Assert.Contains("device nic1 says that it has no fault", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("p2p", "p2p", "nic0, nic1: these lack P2P and can reach each other by DMA")]
    [InlineData("early", "none", "nic1: it runs on while nic0, which its DMA can reach, is stopped early")]
    public async Task Devices_that_have_no_safe_order_are_refused(string first, string second, string reason)
    {
        var policy = first == "early" ? "[[source]]\nid = \"nic0\"\nquiesce = \"early\"" : "";
        var (code, _, error) = await DemoAsync(
            "thread", policy, "--nics", "2", "--vcpus", "2", "--nic-peers", "--nic-lacks", first == "early" ? "none" : first, "--nic-lacks", second);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_nothing_tracks_is_refused_with_what_would_help()
    {
        var (code, _, error) = await DemoAsync("thread", "", "--nic-lacks", "dma-log");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("nic0: no tracker sees its writes", error, StringComparison.Ordinal);
        Assert.Contains("device: it logs no DMA of its own", error, StringComparison.Ordinal);
        Assert.Contains("Choose all", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_for_another_machine_is_refused()
    {
        var (code, _, error) = await DemoAsync("thread", "[[source]]\nid = \"nic7\"\nfallback = \"all\"");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("'nic7', which the machine doesn't have; did you mean 'nic0'?", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> DemoAsync(string accelerator, string? policy, params string[] options)
    {
        if (policy is not null)
        {
            await File.WriteAllTextAsync(_runtime.FileOf("policy.toml"), policy);
            options = ["--policy", _runtime.FileOf("policy.toml"), .. options];
        }

        return await BuiltCommand.RunAsync(
            _runtime.Path,
            [
                "demo", "--json", "--accelerator", accelerator, "--memory", "64M", "--fill", "mixed:16M", "--working-set", "2M", "--nic-working-set", "1M",
                "--warm-up", "200ms", "--nic-rate", "2M", .. options,
            ]);
    }
}
