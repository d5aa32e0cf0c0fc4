using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Machine.Devices;
using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Machines whose NIC has no descriptor of guest memory: it asks for each access, and the machine performs it.</summary>
public sealed class MediatedMachineTests
{
    private static readonly RnicOptions Nic = new() { MessageBytes = 8192, RateBytesPerSecond = 4 << 20, DeviceStateBytes = 64 << 10 };

    public static TheoryData<AcceleratorKind> Accelerators => TestMachines.Accelerators;

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Messages_arrive_and_are_checked(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic);
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 300);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(128UL, result.Messages);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Every_page_that_the_nic_changed_is_reported_and_no_other(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic with { RateBytesPerSecond = null });
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        var device = machine.Devices[0];
        var tracker = TrackerOf(machine);
        var range = machine.Memory.Regions[0].Range;
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        for (var round = 0; round < 3; round++)
        {
            machine.PauseVcpus();
            device.SetState(VfioDeviceState.Stop);
            tracker.Start([range], PageSize.Size4K);
            var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
            var sent = nic.Counters.Operations;

            // Into the buffers that the guest posted before it was paused.
            device.SetState(VfioDeviceState.Running);
            SpinWait.SpinUntil(() => nic.Counters.Operations >= sent + 40, TimeSpan.FromSeconds(1));
            device.SetState(VfioDeviceState.Stop);
            bitmap.Clear();
            tracker.Report(range, bitmap);
            var reported = new HashSet<ulong>();
            foreach (var (first, count) in bitmap.Runs())
            {
                for (ulong i = 0; i < count; i++)
                {
                    reported.Add(first + i);
                }
            }

            var changed = TestMachines.FindChanged(machine, before);
            Assert.Equal(nic.Counters.Operations > sent, changed.Count > 0);
            Assert.Equal(changed.Order(), reported.Order());
            tracker.Stop();
            device.SetState(VfioDeviceState.Running);
            machine.ResumeVcpus();
            var messages = machine.GetProgress().Messages;
            TestMachines.WaitFor(machine, progress => progress.Messages >= messages + 50);
        }

        Assert.True(TestMachines.Check(machine).Passed);
    }

    [Theory]
    [InlineData(VfioDeviceState.Stop)]
    [InlineData(VfioDeviceState.StopCopy)]
    public void A_device_that_is_stopped_can_not_write_whatever_it_sends(VfioDeviceState stopped)
    {
        using var nic = new ServedNic(Nic);
        using var machine = GuestMachine.Create(WithNic(AcceleratorKind.Thread, nic));
        var device = machine.Devices[0];
        var memory = Assert.IsType<VfioUserLink>(device.Link).Mediated!;
        var at = machine.Memory.Regions[0].Range.Start;
        Assert.True(memory.TryWrite(at, [1]));
        device.SetState(stopped);
        Assert.False(memory.TryWrite(at, [2]));
        device.SetState(VfioDeviceState.Stop);
        Assert.False(memory.TryWrite(at, [2]));
        device.SetState(VfioDeviceState.RunningP2P);
        Assert.True(memory.TryWrite(at, [3]));
        Assert.Equal(3, machine.Memory.GetSpan(new(at.Value), 1)[0]);
        Assert.Throws<VfioUser.VfioUserException>(() => device.SetState(VfioDeviceState.Error));
        Assert.True(memory.TryWrite(at, [4]));
    }

    /// <summary>The source's device is mediated and the destination's shares memory, or the other way round.</summary>
    [Theory]
    [InlineData(AcceleratorKind.Thread, DeviceDma.Mediated, DeviceDma.Shared)]
    [InlineData(AcceleratorKind.Thread, DeviceDma.Shared, DeviceDma.Mediated)]
    [InlineData(AcceleratorKind.Kvm, DeviceDma.Mediated, DeviceDma.Mediated)]
    public void A_machine_moves_between_hosts_of_either_kind(AcceleratorKind accelerator, DeviceDma from, DeviceDma to)
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(accelerator, sourceNic, from));
        TestMachines.WaitFor(source, progress => progress.Messages >= 100 && progress.Transfers >= 100);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(WithNic(accelerator, destinationNic, to));
        NicMachineTests.MoveDevice(source, destination, withState: true);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        var before = source.GetProgress();
        destination.Devices[0].SetState(VfioDeviceState.Running);
        destination.ResumeVcpus();
        TestMachines.WaitFor(destination, progress => progress.Messages >= before.Messages + 200);
        var result = TestMachines.Check(destination);
        Assert.True(result.Passed, result.ToString());
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_nic_whose_process_dies_leaves_a_machine_that_works_and_a_tracker_that_has_its_writes(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic);
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        var tracker = TrackerOf(machine);
        var range = machine.Memory.Regions[0].Range;
        tracker.Start([range], PageSize.Size4K);
        var messages = machine.GetProgress().Messages;
        TestMachines.WaitFor(machine, progress => progress.Messages >= messages + 20);
        nic.Kill();
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        tracker.Report(range, bitmap);
        Assert.InRange(bitmap.Count(), 20UL, 1000UL);
        tracker.Stop();
        var transfers = machine.GetProgress().Transfers;
        TestMachines.WaitForTransfers(machine, transfers + 100);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
        Assert.NotNull(machine.Devices[0].Failure);
    }

    private static IDirtyTracker TrackerOf(GuestMachine machine) => machine.Trackers.Single(tracker => tracker.Name == "mediated");

    private static MachineOptions WithNic(AcceleratorKind accelerator, ServedNic nic, DeviceDma dma = DeviceDma.Mediated)
    {
        TestMachines.SkipWhereMissing(accelerator);
        return TestMachines.Options(accelerator) with { Devices = [new("nic0", "rnic", nic.Socket) { Dma = dma }] };
    }
}
