using System.Text.Json;
using Ferry.Cli.Documents;
using Ferry.Linux.Userfault;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _runtime = new();

    public static TheoryData<string> Everywhere => [.. Accelerators.All];

    public void Dispose()
    {
        Assert.Empty(Directory.GetFileSystemEntries(_runtime.Path));
        Assert.Empty(BuiltCommand.ProcessesIn(_runtime.Path));
        _runtime.Dispose();
    }

    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task A_machine_moves_and_everything_is_verified(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await RunAsync("--json", "--accelerator", accelerator);
        using var json = JsonDocument.Parse(output);
        Assert.True(code == ExitCodes.Done, error + output);
        Assert.True(json.RootElement.GetProperty("verified").GetBoolean());
        Assert.True(json.RootElement.GetProperty("memoryVerified").GetBoolean());
        Assert.True(json.RootElement.GetProperty("guestVerified").GetBoolean());
        Assert.Equal(accelerator, json.RootElement.GetProperty("accelerator").GetString());
        Assert.Equal(64UL << 20, json.RootElement.GetProperty("memoryBytes").GetUInt64());
        Assert.InRange(json.RootElement.GetProperty("downtimeSeconds").GetDouble(), double.Epsilon, 60);
        Assert.Equal(RunsAt.Destination, json.RootElement.GetProperty("runsAt").GetString());
        Assert.All(json.RootElement.GetProperty("checks").EnumerateArray(), check => Assert.True(check.GetProperty("passed").GetBoolean(), check.ToString()));
        var states = json.RootElement.GetProperty("devices")[0].GetProperty("states").EnumerateArray().Select(state => state.GetString()).ToList();
        Assert.Equal(["RUNNING", "PRE_COPY", "PRE_COPY_P2P", "STOP_COPY", "RESUMING", "STOP", "RUNNING_P2P", "RUNNING"], states);
    }

    [Theory]
    [InlineData("thread", "4K")]
    [InlineData("kvm", "4K")]
    [InlineData("kvm", "2M")]
    public async Task A_machine_whose_device_asks_for_each_access_moves_and_everything_is_verified(string accelerator, string pageSize)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await RunAsync("--json", "--accelerator", accelerator, "--nic-dma", "mediated", "--nic-page-size", pageSize);
        Assert.True(code == ExitCodes.Done, error + output);
        using var json = JsonDocument.Parse(output);
        Assert.True(json.RootElement.GetProperty("memoryVerified").GetBoolean());
        var tracker = json.RootElement.GetProperty("trackers").EnumerateArray().Single(each => each.GetProperty("name").GetString() == "mediated");
        Assert.Equal("nic0", tracker.GetProperty("sources")[0].GetString());
        // On threads the machine's writes for the device are seen by its own tracker first, and counted there.
        Assert.True(tracker.GetProperty("dirtyPages").GetUInt64() > 0 || accelerator == "thread");
        Assert.Equal(0, tracker.GetProperty("failures").GetInt32());
    }

    [Theory]
    [InlineData("thread", "shared")]
    [InlineData("kvm", "shared")]
    [InlineData("kvm", "mediated")]
    public async Task A_machine_whose_device_pins_what_it_writes_moves_and_everything_is_verified(string accelerator, string dma)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await RunAsync("--json", "--accelerator", accelerator, "--nic-log", "pinned", "--nic-dma", dma, "--tracker-devices", "device");
        Assert.True(code == ExitCodes.Done, error + output);
        using var json = JsonDocument.Parse(output);
        Assert.True(json.RootElement.GetProperty("memoryVerified").GetBoolean());
        Assert.True(json.RootElement.GetProperty("guestVerified").GetBoolean());
        var tracker = json.RootElement.GetProperty("trackers").EnumerateArray().Single(each => each.GetProperty("name").GetString() == "device");
        Assert.Equal("pinned-for-write", tracker.GetProperty("precision").GetString());
        Assert.True(tracker.GetProperty("dirtyPages").GetUInt64() > 0);
        Assert.Equal(0, tracker.GetProperty("failures").GetInt32());
    }

    [Theory]
    [InlineData("thread", "iotable")]
    [InlineData("kvm", "iotable")]
    [InlineData("kvm", "iotable-faults")]
    public async Task A_machine_whose_device_is_tracked_by_its_page_table_moves_and_everything_is_verified(string accelerator, string name)
    {
        Accelerators.SkipWhereMissing(accelerator);
        SkipWhereRefused(name);
        var (code, output, error) = await RunAsync(
            "--json", "--accelerator", accelerator, "--nic-page-table", "--nic-lacks", "dma-log", "--tracker-devices", name, "--bandwidth", "60M");
        Assert.True(code == ExitCodes.Done, error + output);
        using var json = JsonDocument.Parse(output);
        Assert.True(json.RootElement.GetProperty("memoryVerified").GetBoolean());
        var tracker = json.RootElement.GetProperty("trackers").EnumerateArray().Single(each => each.GetProperty("name").GetString() == name);
        Assert.Equal("nic0", tracker.GetProperty("sources")[0].GetString());
        Assert.Equal("exact", tracker.GetProperty("precision").GetString());
        Assert.True(tracker.GetProperty("dirtyPages").GetUInt64() > 0);
        Assert.Equal(0, tracker.GetProperty("failures").GetInt32());
    }

    /// <summary>What the processor found in the device's page table, and what the device says: neither may miss a page that the other has.</summary>
    [Theory]
    [InlineData("thread", "iotable")]
    [InlineData("kvm", "iotable")]
    [InlineData("thread", "iotable-faults")]
    public async Task What_the_page_table_shows_is_what_the_device_logs(string accelerator, string name)
    {
        Accelerators.SkipWhereMissing(accelerator);
        SkipWhereRefused(name);
        using var folder = new TemporaryFolder();
        var policy = folder.FileOf("policy.toml");
        await File.WriteAllTextAsync(policy, $"[[source]]\nid = \"nic0\"\nwith = [\"{name}\", \"device\"]\ncombine = \"union\"\n", TestContext.Current.CancellationToken);
        var (code, output, error) = await RunAsync(
            "--json", "--accelerator", accelerator, "--nic-page-table", "--policy", policy, "--cross-check", "--bandwidth", "60M");
        Assert.True(code == ExitCodes.Done, error + output);
    }

    /// <summary>The guest maps and unmaps thousands of times a second, also during pre-copy.</summary>
    [Theory]
    [InlineData("thread", "8K", "--tracker-devices", "device")]
    [InlineData("kvm", "8K", "--tracker-devices", "device")]
    [InlineData("thread", "1536", "--nic-dma", "mediated")]
    [InlineData("kvm", "4K", "--nic-log", "pinned")]
    public async Task A_machine_whose_guest_maps_and_unmaps_for_its_device_moves_and_everything_is_verified(string accelerator, string message, params string[] options)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await RunAsync(["--json", "--accelerator", accelerator, "--nic-iommu", "--nic-message", message, "--nic-rate", "16M", "--bandwidth", "60M", .. options]);
        Assert.True(code == ExitCodes.Done, error + output);
        using var json = JsonDocument.Parse(output);
        Assert.True(json.RootElement.GetProperty("memoryVerified").GetBoolean());
        Assert.True(json.RootElement.GetProperty("guestVerified").GetBoolean());
        var tracker = json.RootElement.GetProperty("trackers").EnumerateArray().Single(each => each.GetProperty("sources")[0].GetString() == "nic0");
        Assert.Equal(0, tracker.GetProperty("failures").GetInt32());
    }

    /// <summary>The machine marks guest pages, the device logs addresses that the machine translates: neither may miss a page that the other has.</summary>
    [Fact]
    public async Task What_is_translated_is_what_the_machine_wrote()
    {
        using var folder = new TemporaryFolder();
        var policy = folder.FileOf("policy.toml");
        await File.WriteAllTextAsync(policy, "[[source]]\nid = \"nic0\"\nwith = [\"mediated\", \"device\"]\ncombine = \"union\"\n", TestContext.Current.CancellationToken);
        var (code, output, error) = await RunAsync("--accelerator", "thread", "--nic-iommu", "--nic-dma", "mediated", "--policy", policy, "--cross-check", "--bandwidth", "60M");
        Assert.True(code == ExitCodes.Done, error + output);
    }

    [Fact]
    public async Task A_device_behind_an_iommu_is_not_tracked_by_its_page_table_and_the_reason_is_said()
    {
        var (code, _, error) = await RunAsync("--accelerator", "thread", "--nic-iommu", "--nic-page-table", "--tracker-devices", "iotable");
        Assert.NotEqual(ExitCodes.Done, code);
        Assert.Contains("behind a virtual IOMMU", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_does_not_share_its_page_table_is_not_tracked_by_it_and_the_reason_is_said()
    {
        var (code, output, error) = await RunAsync("--accelerator", "thread", "--tracker-devices", "iotable");
        Assert.NotEqual(ExitCodes.Done, code);
        Assert.Contains("--page-table", output + error, StringComparison.Ordinal);
    }

    /// <summary>The machine marks what it performs, the device what it asked for: neither may miss a page that the other has.</summary>
    [Theory]
    [MemberData(nameof(Everywhere))]
    public async Task What_the_machine_marks_is_what_the_device_logs(string accelerator)
    {
        Accelerators.SkipWhereMissing(accelerator);
        using var folder = new TemporaryFolder();
        var policy = folder.FileOf("policy.toml");
        await File.WriteAllTextAsync(policy, "[[source]]\nid = \"nic0\"\nwith = [\"mediated\", \"device\"]\ncombine = \"union\"\n", TestContext.Current.CancellationToken);
        var (code, output, error) = await RunAsync(
            "--json", "--accelerator", accelerator, "--nic-dma", "mediated", "--policy", policy, "--cross-check", "--bandwidth", "60M");
        Assert.True(code == ExitCodes.Done, error + output);
    }

    [Theory]
    [InlineData("kvm", "--nic-dma", "mediated", "--tracker-devices", "device")]
    [InlineData("kvm", "--tracker-vcpus", "kvm-ring", "--nic-page-size", "64K", "--compress", "zstd", "--channels", "3")]
    [InlineData("kvm", "--tracker-vcpus", "all", "--tracker-devices", "all", "--on-stall", "stop", "--max-rounds", "2", "--no-verify")]
    [InlineData("kvm", "--vcpus", "2", "--populate", "none", "--compress", "lz4")]
    [InlineData("thread", "--populate", "before", "--fill", "random", "--channels", "1")]
    [InlineData("thread", "--fill", "zero", "--nic-rate", "0", "--bandwidth", "200M")]
    public async Task Every_way_of_moving_ends_verified(string accelerator, params string[] options)
    {
        Accelerators.SkipWhereMissing(accelerator);
        var (code, output, error) = await RunAsync(["--json", "--accelerator", accelerator, .. options]);
        Assert.True(code == ExitCodes.Done, error + output);
    }

    [Fact]
    public async Task People_see_verdicts_and_no_control_characters_in_a_file()
    {
        var (code, output, error) = await RunAsync("--accelerator", "thread");
        Assert.Equal(ExitCodes.Done, code);
        Assert.Contains("guest memory was the same on both sides", output, StringComparison.Ordinal);
        Assert.Contains("no KVM", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output + error);
        Assert.Contains("ok     ", error, StringComparison.Ordinal);
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] options)
    {
        string[] defaults = ["--memory", "64M", "--fill", "mixed:16M", "--working-set", "2M", "--nic-working-set", "1M", "--warm-up", "200ms", "--nic-rate", "2M"];
        var unsaid = defaults.Chunk(2).Where(option => !options.Contains(option[0])).SelectMany(option => option);
        return BuiltCommand.RunAsync(_runtime.Path, ["demo", .. unsaid, .. options]);
    }

    private static void SkipWhereRefused(string tracker)
    {
        using var own = PageTableDescriptors.OpenOwn();
        Assert.SkipUnless(tracker == "iotable" || own.HoldsKernel, "this user may not have the kernel's writes wait");
    }
}
