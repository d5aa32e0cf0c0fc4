using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>What a machine leaves behind, counted while no other test runs.</summary>
[Collection(nameof(MachineLeakTests))]
[CollectionDefinition(nameof(MachineLeakTests), DisableParallelization = true)]
public sealed class MachineLeakTests
{
    public static TheoryData<AcceleratorKind> Accelerators => TestMachines.Accelerators;

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_machine_leaves_no_thread_and_no_descriptor(AcceleratorKind accelerator)
    {
        TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2)).Dispose();
        var before = Count("fd");
        for (var i = 0; i < 3; i++)
        {
            var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2));
            TestMachines.WaitForTransfers(machine, 10);
            machine.Dispose();
        }

        Assert.InRange(Count("fd"), 0, before + 2);

        // A thread that was joined may take a moment more to leave the kernel's list.
        Assert.True(SpinWait.SpinUntil(() => CountVcpuThreads() == 0, TimeSpan.FromSeconds(10)), $"{CountVcpuThreads()} vCPU threads are left");

        static int Count(string what) => Directory.GetFileSystemEntries($"/proc/self/{what}").Length;
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_machine_that_runs_pauses_and_is_throttled_allocates_nothing(AcceleratorKind accelerator)
    {
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2));
        TestMachines.WaitForTransfers(machine, 200);
        var least = long.MaxValue;

        // The runtime itself allocates now and then, for instance when it compiles a method again.
        for (var attempt = 0; attempt < 20 && least > 0; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            for (var i = 0; i < 5; i++)
            {
                machine.PauseVcpus();
                machine.ResumeVcpus();
                machine.ThrottleVcpus(50);
                Thread.Sleep(20);
                machine.ThrottleVcpus(0);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, least);
    }

    private static int CountVcpuThreads() => Directory.GetDirectories("/proc/self/task").Count(IsVcpu);

    private static bool IsVcpu(string task)
    {
        try
        {
            return File.ReadAllText($"{task}/comm").StartsWith("vcpu", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return false;
        }
    }
}
