using System.Diagnostics;
using System.Text.Json;
using Ferry.Linux.Kvm;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary><c>ferry probe</c> as a user runs it, on this host and on devices that are processes.</summary>
public sealed class ProbeTests : IDisposable
{
    /// <summary>As docs/trackers.md has them.</summary>
    private static readonly string[] Providers =
        ["kvm-log", "kvm-ring", "process", "mediated", "device", "iotable", "iotable-faults", "vfio-device", "iommufd", "type1", "all"];

    private static readonly string[] Statuses = ["can", "cannot", "not-permitted", "unknown"];

    private static readonly string[] Promised =
    [
        "version", "kernel", "processor", "memory", "kvm", "userfault", "iommus", "iommuProblem", "iommufdProblem", "containerProblem", "groups", "devices", "mdevTypes", "sockets",
        "providers", "unread",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_document_has_every_key_and_every_provider_with_a_verdict_and_a_reason()
    {
        var (code, output, error) = await RunAsync("probe", "--json");
        Assert.True(code == ExitCodes.Done, error);
        Assert.Empty(error);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(Promised, json.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(1, json.RootElement.GetProperty("version").GetInt32());
        var providers = json.RootElement.GetProperty("providers").EnumerateArray().ToList();
        Assert.Equal(Providers, providers.Select(provider => provider.GetProperty("name").GetString()));
        Assert.All(providers, provider =>
        {
            Assert.Contains(provider.GetProperty("status").GetString(), Statuses);
            Assert.NotEmpty(provider.GetProperty("reason").GetString()!);
        });
        Assert.Equal("can", providers[^1].GetProperty("status").GetString());
    }

    [Fact]
    public async Task What_it_says_of_KVM_is_what_a_machine_finds()
    {
        var opened = KvmSystem.TryOpen(out var kvm, out var reason);
        kvm?.Dispose();
        using var json = JsonDocument.Parse((await RunAsync("probe", "--json")).Output);
        var problem = json.RootElement.GetProperty("kvm").GetProperty("problem");
        Assert.Equal(opened, problem.ValueKind == JsonValueKind.Null);
        Assert.Equal(reason, opened ? null : problem.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task The_table_names_every_provider_and_each_reason_in_words()
    {
        var (code, output, _) = await RunAsync("probe");
        Assert.Equal(ExitCodes.Done, code);
        Assert.All(Providers, provider => Assert.Contains($"│ {provider} ", output, StringComparison.Ordinal));
        Assert.Contains("userfaultfd", output, StringComparison.Ordinal);
        Assert.Contains("huge pages", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Devices_that_are_named_are_asked_and_what_is_none_does_not_fail_the_rest()
    {
        var (socket, nothing) = (_folder.FileOf("nic.sock"), _folder.FileOf("none.sock"));
        using var ended = new EndedProcess(BuiltCommand.Start(_folder.Path, "device", "rnic", "--socket", socket, "--page-table", "--log", "pinned"));
        var device = ended.Process;
        Assert.StartsWith("ready:", await device.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var (code, output, error) = await RunAsync("probe", "--json", "--socket", socket, "--socket", nothing);
        Assert.Equal(ExitCodes.Done, code);
        Assert.Equal([$"asking {socket}", $"asking {nothing}"], error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        using var json = JsonDocument.Parse(output);
        var sockets = json.RootElement.GetProperty("sockets");
        Assert.Equal(2, sockets.GetArrayLength());
        Assert.Equal(JsonValueKind.Null, sockets[0].GetProperty("problem").ValueKind);
        Assert.Equal("0.1", sockets[0].GetProperty("version").GetString());
        Assert.Equal(["STOP_COPY", "P2P", "PRE_COPY"], sockets[0].GetProperty("migration").EnumerateArray().Select(flag => flag.GetString()));
        Assert.Equal([4096UL, 65536, 2 << 20], sockets[0].GetProperty("logPageSizes").EnumerateArray().Select(size => size.GetUInt64()));
        Assert.Equal("pinned-for-write", sockets[0].GetProperty("logPrecision").GetString());
        Assert.Equal("missing", sockets[1].GetProperty("problem").GetProperty("kind").GetString());
        Assert.Contains($"{nothing} is not there", sockets[1].GetProperty("problem").GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("can", StatusOf(json, "device"));
        Assert.Equal("can", StatusOf(json, "iotable"));

        (_, output, _) = await RunAsync("probe", "--socket", socket, "--socket", nothing);
        Assert.Contains("pinned-for-write", output, StringComparison.Ordinal);
        // A cell's text goes on in the next line where the paths are long.
        var words = string.Join(' ', output.Split([' ', '\n', '│'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("is not there: start the device", words, StringComparison.Ordinal);

        using var untried = JsonDocument.Parse((await RunAsync("probe", "--json", "--no-try", "--socket", socket)).Output);
        Assert.Equal("not-tried", untried.RootElement.GetProperty("sockets")[0].GetProperty("logProblem").GetProperty("kind").GetString());
        Assert.Equal("unknown", StatusOf(untried, "device"));
        Assert.False(device.HasExited);
    }

    [Fact]
    public async Task A_device_without_log_and_page_table_is_a_reason_not_an_unknown()
    {
        var socket = _folder.FileOf("nic.sock");
        using var ended = new EndedProcess(BuiltCommand.Start(_folder.Path, "device", "rnic", "--socket", socket, "--no-dma-log"));
        var device = ended.Process;
        Assert.StartsWith("ready:", await device.StandardError.ReadLineAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        using var json = JsonDocument.Parse((await RunAsync("probe", "--json", "--socket", socket)).Output);
        Assert.Equal("cannot", StatusOf(json, "device"));
        Assert.Equal("cannot", StatusOf(json, "iotable"));
        Assert.Contains("it logs no DMA of its own", json.RootElement.GetProperty("providers")[4].GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_without_any_permission_is_told_so_and_nothing_is_taken_for_missing()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv"), "only root may become somebody else, by setpriv");
        Assert.SkipUnless(File.Exists("/dev/kvm") && (File.GetUnixFileMode("/dev/kvm") & UnixFileMode.OtherWrite) == 0, "/dev/kvm is not there, or open to all");
        // The build's own folder may be one that others can't look into.
        var copy = _folder.FileOf("bin");
        CopyFolder(AppContext.BaseDirectory, copy);
        File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        var start = new ProcessStartInfo("/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Path.Combine(copy, "ferry"), "probe", "--json"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        using var json = JsonDocument.Parse(await output);
        Assert.Equal("not-permitted", StatusOf(json, "kvm-log"));
        Assert.Contains("add this user to the group that owns it", json.RootElement.GetProperty("kvm").GetProperty("problem").GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("can", StatusOf(json, "all"));
        if (File.ReadAllText("/proc/sys/vm/unprivileged_userfaultfd").Trim() == "0")
        {
            Assert.Equal("not-permitted", StatusOf(json, "iotable-faults"));
        }
    }

    private static string StatusOf(JsonDocument json, string provider) =>
        json.RootElement.GetProperty("providers").EnumerateArray().Single(each => each.GetProperty("name").GetString() == provider).GetProperty("status").GetString()!;

    private static void CopyFolder(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => await Commands.CommandLineTests.RunAsync(arguments);
}
