using System.Buffers;
using Ferry.Linux.Kvm;
using Ferry.Memory;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Small machines that run.</summary>
internal static class TestMachines
{
    public static TheoryData<AcceleratorKind> Accelerators => [AcceleratorKind.Thread, AcceleratorKind.Kvm];

    public static MachineOptions Options(AcceleratorKind accelerator, int vcpus = 1) => new()
    {
        MemoryBytes = 32 << 20,
        VcpuCount = vcpus,
        Accelerator = accelerator,
        WorkingSetBytes = 1 << 20,
        NicWorkingSetBytes = 1 << 20,
    };

    public static void SkipWhereMissing(AcceleratorKind accelerator)
    {
        if (accelerator == AcceleratorKind.Kvm)
        {
            var usable = KvmSystem.TryOpen(out var system, out var reason);
            system?.Dispose();
            Assert.SkipUnless(usable, reason ?? "");
        }
    }

    public static GuestMachine Start(MachineOptions options)
    {
        SkipWhereMissing(options.Accelerator!.Value);
        var machine = GuestMachine.Create(options);
        machine.LoadProgram();
        machine.ResumeVcpus();
        return machine;
    }

    public static void WaitFor(GuestMachine machine, Func<GuestProgress, bool> condition)
    {
        for (var tries = 0; !condition(machine.GetProgress()); tries++)
        {
            Assert.True(tries < 3000, machine.GetProgress().ToString());
            Thread.Sleep(10);
        }
    }

    public static void WaitForTransfers(GuestMachine machine, ulong count) => WaitFor(machine, progress => progress.Transfers >= count);

    public static SelfCheckResult Check(GuestMachine machine) => machine.SelfCheck(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

    public static byte[] Save(GuestMachine machine)
    {
        var state = new ArrayBufferWriter<byte>();
        machine.SaveVcpus(state);
        return state.WrittenSpan.ToArray();
    }

    public static void CopyMemory(GuestMachine source, GuestMachine destination)
    {
        foreach (var range in source.FindPopulated())
        {
            source.Memory.GetSpan(new(range.Start.Value), (int)range.LengthBytes).CopyTo(destination.Memory.GetSpan(new(range.Start.Value), (int)range.LengthBytes));
        }
    }

    /// <summary>The pages of a machine of one region that are not as <paramref name="before"/> has them.</summary>
    public static HashSet<ulong> FindChanged(GuestMachine machine, ReadOnlySpan<byte> before)
    {
        var changed = new HashSet<ulong>();
        var now = machine.Memory.GetSpan(new(0), before.Length);
        for (var at = 0; at < before.Length; at += 4096)
        {
            if (!now.Slice(at, 4096).SequenceEqual(before.Slice(at, 4096)))
            {
                changed.Add((ulong)at >> PageSize.Size4K.Shift);
            }
        }

        return changed;
    }
}
