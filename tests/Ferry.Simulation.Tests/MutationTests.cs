using Ferry.Simulation.Tests.Running;
using Xunit;

namespace Ferry.Simulation.Tests;

/// <summary>The simulator finds what it is for: with one rule broken, a seed fails before long.</summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    /// <summary>What finds a broken rule, in the words of the failure, and within how many seeds.</summary>
    public static TheoryData<string, int, string> Broken => new()
    {
        { nameof(Mutation.TrackerForgetsOnePage), 100, "Lost page" },
        { nameof(Mutation.TrackerFailsSilently), 1000, "Lost page" },
        { nameof(Mutation.TrackerNeverStops), 30, "still started" },
        { nameof(Mutation.DeviceForgetsLastWrites), 100, "Lost page" },
        { nameof(Mutation.SyncBeforeDevicesStop), 30, "Lost page" },
        { nameof(Mutation.NoFinalSync), 30, "Lost page" },
        { nameof(Mutation.NoFinalCopy), 30, "" },
        { nameof(Mutation.VcpusRunDuringFinalSync), 30, "" },
        { nameof(Mutation.TrackerStartsAfterFirstCopy), 100, "Lost page" },
        { nameof(Mutation.TrackerStopsBeforeFinalSync), 30, "Lost page" },
        { nameof(Mutation.CommitBeforePrepare), 30, "" },
        { nameof(Mutation.NoVcpuState), 30, "" },
        { nameof(Mutation.NoDeviceState), 30, "" },
        { nameof(Mutation.StartsBeforeCommit), 30, "" },
        { nameof(Mutation.VcpusRunBeforeDevices), 100, "A vCPU accessed" },
        { nameof(Mutation.DevicesStopInReverse), 300, "reached" },
        { nameof(Mutation.DevicesStartInReverse), 300, "reached" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void A_broken_rule_is_found(string mutation, int seeds, string how)
    {
        var results = Runner.RunAll(1, (ulong)seeds, Enum.Parse<Mutation>(mutation), mostFailures: 1);
        var found = results.Failures is [var first, ..] ? first : null;
        output.WriteLine($"{mutation}: {found?.Seed} {found?.Failure}\n{found?.Outcome}");
        Assert.NotNull(found);
        Assert.Contains(how, found.Failure, StringComparison.Ordinal);
    }
}
