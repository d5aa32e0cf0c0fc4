using System.Diagnostics;
using Ferry.Memory;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Pausing, throttling, filling, failing and freeing machines.</summary>
public sealed class MachineControlTests
{
    public static TheoryData<AcceleratorKind> Accelerators => TestMachines.Accelerators;

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Pausing_and_resuming_many_times_loses_no_vcpu(AcceleratorKind accelerator)
    {
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2) with { DirtyBytesPerSecond = null });
        var slowest = TimeSpan.Zero;
        var total = TimeSpan.Zero;
        const int pauses = 200;
        for (var i = 0; i < pauses; i++)
        {
            machine.PauseVcpus();
            slowest = machine.LastPauseDuration > slowest ? machine.LastPauseDuration : slowest;
            total += machine.LastPauseDuration;
            machine.ResumeVcpus();
            if (i % 3 == 0)
            {
                Thread.Sleep(1);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{accelerator}: {pauses} pauses, mean {total.TotalMicroseconds / pauses:F0} us, slowest {slowest.TotalMicroseconds:F0} us");
        var transfers = machine.GetProgress().Transfers;
        TestMachines.WaitForTransfers(machine, transfers + 100);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    [Theory]
    [InlineData(AcceleratorKind.Thread, true)]
    [InlineData(AcceleratorKind.Thread, false)]
    [InlineData(AcceleratorKind.Kvm, true)]
    [InlineData(AcceleratorKind.Kvm, false)]
    public void A_throttled_machine_does_less(AcceleratorKind accelerator, bool isPaced)
    {
        const int percent = 95;
        var rate = isPaced ? 16UL << 20 : (ulong?)null;
        using var machine = TestMachines.Start(TestMachines.Options(accelerator) with { DirtyBytesPerSecond = rate });
        TestMachines.WaitForTransfers(machine, 50);
        var seen = new List<(double Free, double Throttled)>();
        // Its share would be a twentieth. What a loaded host takes from either measurement is within the rest, nearly always.
        while (seen.Count < 5 && (seen.Count == 0 || seen[^1].Throttled >= seen[^1].Free / 2))
        {
            var free = TransfersPerSecond(machine);
            machine.ThrottleVcpus(percent);
            seen.Add((free, TransfersPerSecond(machine)));
            machine.ThrottleVcpus(0);
        }

        Assert.True(seen[^1].Throttled < seen[^1].Free / 2, string.Join("; ", seen.Select(each => $"{each.Free:F0} transfers a second, {each.Throttled:F0} at {percent} %")));
        Assert.Throws<ArgumentOutOfRangeException>(() => machine.ThrottleVcpus(100));
        TestMachines.WaitForTransfers(machine, machine.GetProgress().Transfers + 100);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_ledger_above_the_hole_works(AcceleratorKind accelerator)
    {
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2) with { MemoryBytes = GuestLayout.HoleStart + (64 << 20) });
        TestMachines.WaitForTransfers(machine, 200);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
        Assert.Contains(machine.FindPopulated(), range => range.Start.Value == GuestLayout.HoleEnd && range.LengthBytes == 1 << 20);
    }

    [Fact]
    public void A_fill_writes_what_it_is_told_where_the_program_is_not()
    {
        using var machine = TestMachines.Start(TestMachines.Options(AcceleratorKind.Thread) with { MemoryBytes = GuestLayout.HoleStart + (8 << 20) });
        ulong Populated() => machine.FindPopulated().Aggregate(0UL, (sum, range) => sum + range.LengthBytes);
        var before = Populated();
        machine.Fill(24 << 20, 2, null, TestContext.Current.CancellationToken);
        Assert.Equal(before + (24 << 20), Populated());
        var span = machine.Memory.GetSpan(new(16 << 20), 4096).ToArray();
        Assert.True(span.Distinct().Count() > 200);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    [Fact]
    public void A_vcpu_that_leaves_its_program_is_reported_with_its_place()
    {
        using var machine = TestMachines.Start(TestMachines.Options(AcceleratorKind.Kvm));
        TestMachines.WaitForTransfers(machine, 10);
        machine.PauseVcpus();

        // HLT throughout the program's text.
        machine.Memory.GetSpan(new(0x1_0000), 4096).Fill(0xf4);
        machine.ResumeVcpus();
        TestMachines.WaitFor(machine, progress => progress.Fault is not null);
        var fault = machine.GetProgress().Fault!;
        Assert.Contains("Halt", fault, StringComparison.Ordinal);
        Assert.Contains("rip 0x10", fault, StringComparison.Ordinal);
        Assert.False(TestMachines.Check(machine).Completed);
        machine.PauseVcpus();
    }

    [Fact]
    public void Options_that_no_machine_can_have_are_refused_with_value_and_limit()
    {
        var options = TestMachines.Options(AcceleratorKind.Thread);
        Assert.Contains("3", Refusal(options with { MemoryBytes = 3 }), StringComparison.Ordinal);
        Assert.Contains("vcpus: 33", Refusal(options with { VcpuCount = 33 }), StringComparison.Ordinal);
        Assert.Contains("working-set", Refusal(options with { WorkingSetBytes = 1UL << 40 }), StringComparison.Ordinal);
        Assert.Contains("working-set", Refusal(options with { WorkingSetBytes = 25 << 20 }), StringComparison.Ordinal);
        Assert.Contains("check-stride: 12", Refusal(options with { CheckStrideBytes = 12 }), StringComparison.Ordinal);

        static string Refusal(MachineOptions options) => Assert.Throws<MachineException>(() => GuestMachine.Create(options).Dispose()).Message;
    }

    private static double TransfersPerSecond(GuestMachine machine)
    {
        var (started, before) = (Stopwatch.GetTimestamp(), machine.GetProgress().Transfers);
        Thread.Sleep(400);
        return (machine.GetProgress().Transfers - before) / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
