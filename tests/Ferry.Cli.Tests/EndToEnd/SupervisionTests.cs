using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Ferry.Cli.Tests.EndToEnd;

public sealed class SupervisionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    public async Task A_demo_that_is_interrupted_leaves_no_process_and_no_file(string signal)
    {
        using var runtime = new TemporaryFolder();
        using var demo = Start(runtime.Path);
        await WaitForProcessesAsync(runtime.Path, 4);
        Assert.Equal(ExitCodes.Failed, await BuiltCommand.SignalAsync(demo, signal));
        Assert.Empty(BuiltCommand.ProcessesIn(runtime.Path));
        Assert.Empty(Directory.GetFileSystemEntries(runtime.Path));
    }

    /// <summary>A terminal sends Ctrl-C to all processes; were they to go as they like, the source would roll back to a device that is gone.</summary>
    [Fact]
    public async Task The_processes_of_a_demo_leave_an_interrupt_to_the_demo()
    {
        using var runtime = new TemporaryFolder();
        using var demo = Start(runtime.Path);
        // What the demo says once all of them are ready, and handle signals.
        while (await demo.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("accelerator", StringComparison.Ordinal))
        {
        }

        var children = BuiltCommand.ProcessesIn(runtime.Path);
        Assert.Equal(4, children.Count);
        foreach (var child in children)
        {
            using var kill = Process.Start("kill", ["-INT", child.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }

        await Task.Delay(1000);
        Assert.Equal(children.Order(), BuiltCommand.ProcessesIn(runtime.Path).Order());
        Assert.Equal(ExitCodes.Failed, await BuiltCommand.SignalAsync(demo, "-INT"));
        Assert.Empty(BuiltCommand.ProcessesIn(runtime.Path));
    }

    [Fact]
    public async Task The_processes_of_a_demo_that_is_killed_end_by_themselves()
    {
        using var runtime = new TemporaryFolder();
        using var demo = Start(runtime.Path);
        await WaitForProcessesAsync(runtime.Path, 4);
        demo.Kill();
        await WaitForProcessesAsync(runtime.Path, 0);
        Assert.Empty(Directory.GetFiles(runtime.Path, "*.sock", SearchOption.AllDirectories));
    }

    private static Process Start(string runtime) => BuiltCommand.Start(
        runtime, "demo", "--memory", "64M", "--fill", "zero", "--working-set", "2M", "--accelerator", "thread", "--warm-up", "1h");

    private static async Task WaitForProcessesAsync(string folder, int count)
    {
        for (var start = Stopwatch.GetTimestamp(); BuiltCommand.ProcessesIn(folder).Count != count; await Task.Delay(50))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"{BuiltCommand.ProcessesIn(folder).Count} processes, expected {count}");
        }
    }
}
