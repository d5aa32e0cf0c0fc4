using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Ferry.Cli.Commands;
using Ferry.Conform;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

/// <summary><c>ferry conform</c> as a user runs it, on devices that are processes.</summary>
public sealed class ConformTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_device_that_is_started_passes_and_is_ended_and_leaves_nothing()
    {
        var (code, output, error) = await BuiltCommand.RunAsync(
            _folder.Path, "conform", "--stimulus", "rnic", "--json", "--", BuiltCommand.Path, "device", "rnic", "--socket", "{socket}", "--state", "64K", "--rate", "1G", "--seed", "77341");
        Assert.True(code == 0, output + error);
        using var report = JsonDocument.Parse(output);
        var root = report.RootElement;
        Assert.Equal(1, root.GetProperty("version").GetInt32());
        Assert.True(root.GetProperty("conforms").GetBoolean());
        Assert.Equal("rnic", root.GetProperty("stimulus").GetString());
        Assert.Equal("exact", root.GetProperty("abilities").GetProperty("dmaLog").GetString());
        Assert.True(root.GetProperty("abilities").GetProperty("p2p").GetBoolean());
        // Those that are not applicable are about files of data sessions.
        Assert.Equal(CheckList.All.Count - 3, root.GetProperty("passed").GetInt32());
        Assert.Equal(3, root.GetProperty("notApplicable").GetInt32());
        Assert.Equal(CheckList.All.Select(check => check.Name), root.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("name").GetString()));
        Assert.All(CheckList.All, check => Assert.Contains($"checking {check.Name}", error, StringComparison.Ordinal));
        Assert.Empty(BuiltCommand.ProcessesIn("77341"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_device_with_a_defect_fails_and_the_report_shows_the_commands()
    {
        var socket = Path.Combine(_folder.Path, "dev.sock");
        await using var device = new LyingDevice(socket) { DropsOneIn = 3 };
        var (code, output, _) = await RunAsync("conform", "--socket", socket, "--stimulus", "rnic", "--only", "arcs,log-complete");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("✗ log-complete: the page at iova 0x", output, StringComparison.Ordinal);
        Assert.Contains("    DMA_LOGGING_REPORT 0x40000000-0x40ffffff 4K -> ", output, StringComparison.Ordinal);
        Assert.Contains("1 passed, 1 failed, 0 not applicable, in ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_whose_process_dies_is_named_with_how_it_ended_and_the_rest_is_not_run()
    {
        // A state so large that the check goes on for seconds after the line that says that it began.
        const string Script = "echo $$ > \"$1\"; exec \"$2\" device rnic --socket \"$3\" --state 60M";
        var pidFile = Path.Combine(_folder.Path, "pid");
        using var process = BuiltCommand.Start(
            _folder.Path, "conform", "--only", "resume-altered,log-page-sizes", "--", "sh", "-c", Script, "device", pidFile, BuiltCommand.Path, "{socket}");
        var output = process.StandardOutput.ReadToEndAsync();
        Assert.Equal("checking resume-altered", await process.StandardError.ReadLineAsync());
        using (var device = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(pidFile), CultureInfo.InvariantCulture)))
        {
            device.Kill();
        }

        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(ExitCodes.Failed, process.ExitCode);
        Assert.Contains("✗ resume-altered: the device has gone", await output, StringComparison.Ordinal);
        Assert.Contains("ended with code 137", await output, StringComparison.Ordinal);
        Assert.Contains("0 passed, 1 failed, 0 not applicable, 1 not run", await output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_ends_at_once_is_an_error_with_what_it_said()
    {
        var (code, output, error) = await RunAsync("conform", "--", "sh", "-c", "echo no such thing >&2; exit 7", "{socket}");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Empty(output);
        Assert.Contains("The device ended before there was a socket", error, StringComparison.Ordinal);
        Assert.Contains("ended with code 7", error, StringComparison.Ordinal);
        Assert.Contains("no such thing", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_without_a_device_is_an_error()
    {
        var (code, _, error) = await RunAsync("conform", "--socket", Path.Combine(_folder.Path, "none.sock"));
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("ferry: The device does not take a connection", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_tells_every_check_without_a_device()
    {
        var (code, output, _) = await RunAsync("conform", "--list", "--json");
        Assert.Equal(ExitCodes.Done, code);
        using var list = JsonDocument.Parse(output);
        Assert.Equal(CheckList.All.Count, list.RootElement.GetProperty("checks").GetArrayLength());
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        await using var output = new StringWriter(CultureInfo.InvariantCulture);
        await using var error = new StringWriter(CultureInfo.InvariantCulture);
        var code = await FerryCommand.RunAsync(arguments, output, error, TestContext.Current.CancellationToken);
        return (code, output.ToString(), error.ToString());
    }
}
