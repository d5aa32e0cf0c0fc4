using System.Buffers;
using Ferry.Linux.Kvm;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Whole machines without devices, on both accelerators.</summary>
public sealed class GuestMachineTests
{
    public static TheoryData<AcceleratorKind, int> Machines => new()
    {
        { AcceleratorKind.Thread, 1 }, { AcceleratorKind.Thread, 2 }, { AcceleratorKind.Kvm, 1 }, { AcceleratorKind.Kvm, 2 },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_ledger_works_and_its_self_check_passes(AcceleratorKind accelerator, int vcpus)
    {
        using var machine = Start(accelerator, vcpus);
        WaitForTransfers(machine, 500);
        var result = machine.SelfCheck(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(256UL, result.Pages);
        machine.PauseVcpus();
        TestContext.Current.TestOutputHelper?.WriteLine($"paused in {machine.LastPauseDuration.TotalMicroseconds:F0} us, {machine.GetProgress()}");
        var before = machine.GetProgress();
        Thread.Sleep(30);
        Assert.Equal(before, machine.GetProgress());
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_machine_goes_on_in_another_one_from_its_memory_and_state(AcceleratorKind accelerator, int vcpus)
    {
        using var source = Start(accelerator, vcpus);
        WaitForTransfers(source, 200);
        source.PauseVcpus();
        var state = new ArrayBufferWriter<byte>();
        source.SaveVcpus(state);
        using var destination = GuestMachine.Create(source.Options);
        foreach (var region in source.Memory.Regions)
        {
            source.Memory.GetSpan(region.Start, (int)region.LengthBytes).CopyTo(destination.Memory.GetSpan(region.Start, (int)region.LengthBytes));
        }

        destination.LoadVcpus(state.WrittenSpan);
        var before = source.GetProgress();
        destination.ResumeVcpus();
        WaitForTransfers(destination, before.Transfers + 200);
        var result = destination.SelfCheck(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(before, source.GetProgress());
    }

    private static GuestMachine Start(AcceleratorKind accelerator, int vcpus)
    {
        if (accelerator == AcceleratorKind.Kvm)
        {
            var usable = KvmSystem.TryOpen(out var system, out var reason);
            system?.Dispose();
            Assert.SkipUnless(usable, reason ?? "");
        }

        var machine = GuestMachine.Create(new() { MemoryBytes = 32 << 20, VcpuCount = vcpus, Accelerator = accelerator, WorkingSetBytes = 1 << 20 });
        machine.LoadProgram();
        machine.ResumeVcpus();
        return machine;
    }

    private static void WaitForTransfers(GuestMachine machine, ulong count)
    {
        for (var tries = 0; machine.GetProgress().Transfers < count; tries++)
        {
            Assert.True(tries < 3000, machine.GetProgress().ToString());
            Thread.Sleep(10);
        }
    }
}
