using System.Diagnostics;
using Ferry.Linux.Processes;
using Xunit;

namespace Ferry.Linux.Tests.Processes;

public sealed class ProcessSignalsTests
{
    [Fact]
    public void A_process_that_is_asked_to_end_ends_by_that_signal()
    {
        using var process = Process.Start("sleep", "600");
        Assert.True(ProcessSignals.Terminate(process.Id));
        process.WaitForExit();
        Assert.Equal(128 + 15, process.ExitCode);
        Assert.False(ProcessSignals.Terminate(process.Id));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_number_that_stands_for_many_processes_is_refused(int processId) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ProcessSignals.Terminate(processId));
}
