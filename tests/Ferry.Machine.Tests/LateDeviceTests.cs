using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Devices that come when the machine runs already.</summary>
public sealed class LateDeviceTests
{
    private static readonly RnicOptions Nic = new() { MessageBytes = 4096, RateBytesPerSecond = 8 << 20, DeviceStateBytes = 64 << 10 };

    public static TheoryData<AcceleratorKind, bool> AcceleratorsAndIommus => new()
    {
        { AcceleratorKind.Thread, false }, { AcceleratorKind.Kvm, false }, { AcceleratorKind.Thread, true }, { AcceleratorKind.Kvm, true },
    };

    [Theory]
    [MemberData(nameof(AcceleratorsAndIommus))]
    public void Each_vcpu_without_one_drives_the_device_that_comes_and_memory_stays_right(AcceleratorKind accelerator, bool iommu)
    {
        using var first = new ServedNic(Nic);
        using var second = new ServedNic(Nic);
        using var third = new ServedNic(Nic);
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2));
        TestMachines.WaitForTransfers(machine, 100);
        Assert.True(machine.AttachDevice(new("nic0", "rnic", first.Socket) { Iommu = iommu }));
        Assert.True(machine.AttachDevice(new("nic1", "rnic", second.Socket)));
        TestMachines.WaitFor(machine, _ => first.Counters.Operations > 200 && second.Counters.Operations > 200);
        Assert.False(machine.AttachDevice(new("nic2", "rnic", third.Socket)));
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
        Assert.True(result.Messages > 0);
        Assert.Equal(["nic0", "nic1", "nic2"], machine.Devices.Select(device => device.Device.Id));
        Assert.Equal(["nic0", "nic1", "nic2"], machine.Options.Devices.Select(device => device.Id));
        Assert.Equal(0UL, third.Counters.Operations);
    }

    [Theory]
    [MemberData(nameof(TestMachines.Accelerators), MemberType = typeof(TestMachines))]
    public void What_it_writes_is_in_the_report_of_its_own_tracker(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic);
        using var machine = TestMachines.Start(TestMachines.Options(accelerator));
        machine.AttachDevice(new("nic0", "rnic", nic.Socket));
        Assert.Equal("all", machine.Trackers[^1].Name);
        var log = machine.Trackers.Single(tracker => tracker.Coverage.Sources?.Contains(new DmaSource("nic0")) == true && tracker.Name == "device");
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        var vcpus = machine.Trackers.Single(tracker => tracker.Coverage.Sources?.Contains(DmaSource.Vcpus) == true);
        var range = machine.Memory.Regions[0].Range;
        using var pages = new DirtyBitmap(range, PageSize.Size4K);
        machine.PauseVcpus();
        machine.Devices[0].SetState(VfioDeviceState.Stop);
        log.Start([range], PageSize.Size4K);
        vcpus.Start([range], PageSize.Size4K);
        vcpus.Report(range, pages);
        (vcpus as IDeferredClear)?.Take(range, pages);
        pages.Clear();
        var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
        machine.Devices[0].SetState(VfioDeviceState.Running);
        machine.ResumeVcpus();
        var messages = machine.GetProgress().Messages;
        TestMachines.WaitFor(machine, progress => progress.Messages >= messages + 200);
        machine.PauseVcpus();
        machine.Devices[0].SetState(VfioDeviceState.Stop);
        vcpus.Report(range, pages);
        var changed = TestMachines.FindChanged(machine, before);
        Assert.Contains(changed, page => !pages.IsSet(page));
        log.Report(range, pages);
        Assert.DoesNotContain(changed, page => !pages.IsSet(page));
    }

    /// <summary>What was placed by one process is respected by another one, which knows only memory.</summary>
    [Theory]
    [MemberData(nameof(TestMachines.Accelerators), MemberType = typeof(TestMachines))]
    public void A_machine_that_arrived_with_a_late_device_takes_another_one(AcceleratorKind accelerator)
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var lateNic = new ServedNic(Nic);
        using var source = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2));
        source.AttachDevice(new("nic0", "rnic", sourceNic.Socket));
        TestMachines.WaitFor(source, progress => progress.Messages >= 100);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(TestMachines.Options(accelerator, vcpus: 2) with { Devices = [new("nic0", "rnic", destinationNic.Socket)] });
        NicMachineTests.MoveDevice(source, destination, withState: true);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        destination.Devices[0].SetState(VfioDeviceState.Running);
        destination.ResumeVcpus();
        Assert.True(destination.AttachDevice(new("nic1", "rnic", lateNic.Socket)));
        TestMachines.WaitFor(destination, _ => lateNic.Counters.Operations > 500 && destinationNic.Counters.Operations > 500);
        var result = TestMachines.Check(destination);
        Assert.True(result.Passed, result.ToString());
    }

    [Theory]
    [InlineData("the same id", "same id")]
    [InlineData("nobody listens", "nowhere.sock")]
    [InlineData("another kind", "no disk")]
    [InlineData("a peer that is not there", "nic7")]
    [InlineData("no room", "nic-working-set")]
    public void What_can_not_be_attached_leaves_the_machine_as_it_was(string what, string reason)
    {
        using var first = new ServedNic(Nic);
        using var second = new ServedNic(Nic);
        using var machine = TestMachines.Start(TestMachines.Options(AcceleratorKind.Thread, vcpus: 2) with
        {
            MemoryBytes = (what == "no room" ? 16UL : 32UL) << 20,
            NicWorkingSetBytes = (what == "no room" ? 4UL : 1UL) << 20,
            Devices = [new("nic0", "rnic", first.Socket)],
        });
        var trackers = machine.Trackers;
        var device = what switch
        {
            "the same id" => new MachineDevice("nic0", "rnic", second.Socket),
            "nobody listens" => new MachineDevice("nic1", "rnic", second.Socket + ".nowhere.sock"),
            "another kind" => new MachineDevice("nic1", "disk", second.Socket),
            _ => new MachineDevice("nic1", "rnic", second.Socket) { Peer = what == "a peer that is not there" ? "nic7" : null },
        };
        var refused = Record.Exception(() => machine.AttachDevice(device));
        Assert.True(refused is MachineException or IOException, refused?.ToString());
        Assert.Contains(reason, refused!.Message, StringComparison.Ordinal);
        Assert.True(machine.IsRunning);
        Assert.Single(machine.Devices);
        Assert.Single(machine.Options.Devices);
        Assert.Equal(trackers, machine.Trackers);
        var messages = machine.GetProgress().Messages;
        TestMachines.WaitFor(machine, progress => progress.Messages > messages + 50);
        Assert.True(TestMachines.Check(machine).Passed);
        if (what != "nobody listens")
        {
            // What was connected to in vain is free for the next one.
            using var other = GuestMachine.Create(TestMachines.Options(AcceleratorKind.Thread) with { Devices = [new("nic0", "rnic", second.Socket)] });
        }
    }

    public static MatrixTheoryData<ulong, ulong> Lies { get; } = new(
        [0x08UL, 0x10UL, 0x118UL, 0x120UL, 0x140UL, 0x148UL], [0UL, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 4096, 32UL << 20]);

    /// <summary>The guest writes its control blocks: whatever it says there, the machine writes into its memory alone.</summary>
    [Theory]
    [MemberData(nameof(Lies))]
    public void A_guest_that_lies_about_its_memory_harms_none_but_itself(ulong field, ulong value)
    {
        using var first = new ServedNic(Nic);
        using var second = new ServedNic(Nic);
        using var machine = GuestMachine.Create(TestMachines.Options(AcceleratorKind.Thread, vcpus: 2) with { Devices = [new("nic0", "rnic", first.Socket)] });
        machine.LoadProgram();
        BitConverter.TryWriteBytes(machine.Memory.GetSpan(new(0x2_0000 + field), 8), value);
        var refused = Record.Exception(() => machine.AttachDevice(new("nic1", "rnic", second.Socket)));
        Assert.True(refused is null or MachineException, refused?.ToString());
        Assert.Equal(refused is null ? 2 : 1, machine.Devices.Count);
    }
}
