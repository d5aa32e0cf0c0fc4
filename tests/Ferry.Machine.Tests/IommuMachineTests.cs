using System.Buffers;
using Ferry.Devices.Models;
using Ferry.Linux.Vfio;
using Ferry.Machine.Iommu;
using Ferry.Memory;
using Ferry.Tracking;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Machines whose NIC is behind a virtual IOMMU: the guest maps each buffer when it posts it, and unmaps it when its message has come.</summary>
public sealed class IommuMachineTests
{
    private static readonly RnicOptions Nic = new() { MessageBytes = 4096, RateBytesPerSecond = 16 << 20, DeviceStateBytes = 64 << 10 };

    public static TheoryData<AcceleratorKind> Accelerators => TestMachines.Accelerators;

    public static TheoryData<AcceleratorKind, int> Messages => new() { { AcceleratorKind.Thread, 4096 }, { AcceleratorKind.Kvm, 4096 }, { AcceleratorKind.Thread, 1536 }, { AcceleratorKind.Kvm, 12288 } };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Messages_arrive_and_are_checked_though_every_buffer_moves(AcceleratorKind accelerator, int messageBytes)
    {
        using var nic = new ServedNic(Nic with { MessageBytes = messageBytes });
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 1000);
        var iommu = machine.Devices[0].Iommu!;
        Assert.True(iommu.Changes >= 2000, $"{iommu.Changes}");
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
        Assert.True(result.Messages > 0);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Every_page_that_the_nic_changed_through_mappings_that_came_and_went_is_reported_and_no_other(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic);
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        var device = machine.Devices[0];
        var log = machine.Trackers.Single(tracker => tracker.Name == "device");
        var vcpus = machine.Trackers.Single(tracker => tracker.Coverage.Sources?.Contains(DmaSource.Vcpus) == true);
        var range = machine.Memory.Regions[0].Range;
        using var byDevice = new DirtyBitmap(range, PageSize.Size4K);
        using var byVcpus = new DirtyBitmap(range, PageSize.Size4K);
        for (var round = 0; round < 3; round++)
        {
            machine.PauseVcpus();
            device.SetState(VfioDeviceState.Stop);
            log.Start([range], PageSize.Size4K);
            vcpus.Start([range], PageSize.Size4K);
            // A log that is started may hold everything once.
            vcpus.Report(range, byVcpus);
            (vcpus as IDeferredClear)?.Take(range, byVcpus);
            byDevice.Clear();
            byVcpus.Clear();
            var before = machine.Memory.GetSpan(new(0), (int)range.LengthBytes).ToArray();
            var changes = device.Iommu!.Changes;

            // Reports that come while mappings come and go.
            device.SetState(VfioDeviceState.Running);
            machine.ResumeVcpus();
            Assert.True(SpinWait.SpinUntil(
                () =>
                {
                    log.Report(range, byDevice);
                    return device.Iommu.Changes >= changes + 1000;
                },
                TimeSpan.FromSeconds(60)));
            machine.PauseVcpus();
            device.SetState(VfioDeviceState.Stop);
            log.Report(range, byDevice);
            vcpus.Report(range, byVcpus);
            (vcpus as IDeferredClear)?.Take(range, byVcpus);
            var changed = TestMachines.FindChanged(machine, before);
            changed.ExceptWith(PagesOf(byVcpus));
            Assert.Equal(changed.Order(), PagesOf(byDevice).Order());
            Assert.NotEmpty(changed);
            log.Stop();
            vcpus.Stop();
            device.SetState(VfioDeviceState.Running);
            machine.ResumeVcpus();
        }

        Assert.True(TestMachines.Check(machine).Passed);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Mappings_move_with_the_machine(AcceleratorKind accelerator)
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(accelerator, sourceNic));
        TestMachines.WaitFor(source, progress => progress.Messages >= 100 && progress.Transfers >= 100);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(WithNic(accelerator, destinationNic));
        NicMachineTests.MoveDevice(source, destination, withState: true);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        Assert.Equal(source.Devices[0].Iommu!.Space.GetMappings(), destination.Devices[0].Iommu!.Space.GetMappings());
        var before = source.GetProgress();
        destination.Devices[0].SetState(VfioDeviceState.Running);
        destination.ResumeVcpus();
        TestMachines.WaitFor(destination, progress => progress.Messages >= before.Messages + 200);
        var result = TestMachines.Check(destination);
        Assert.True(result.Passed, result.ToString());
    }

    [Fact]
    public void What_was_loaded_ahead_becomes_what_the_machine_has_when_it_stops()
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(AcceleratorKind.Thread, sourceNic));
        using var destination = GuestMachine.Create(WithNic(AcceleratorKind.Thread, destinationNic));
        var iommu = source.Devices[0].Iommu!;
        for (var round = 0; round < 3; round++)
        {
            var changes = iommu.Changes;
            Assert.True(SpinWait.SpinUntil(() => iommu.Changes >= changes + 100, TimeSpan.FromSeconds(20)));
            var ahead = new ArrayBufferWriter<byte>();
            source.SaveAhead(ahead);
            destination.LoadAhead(ahead.WrittenSpan);
            Assert.Equal(destination.Devices[0].Iommu!.MappingCount, destinationNic.Counters.DmaMaps);
        }

        source.PauseVcpus();
        destination.LoadVcpus(TestMachines.Save(source));
        Assert.Equal(iommu.Space.GetMappings(), destination.Devices[0].Iommu!.Space.GetMappings());
        Assert.Equal(iommu.MappingCount, destinationNic.Counters.DmaMaps);
        Assert.Throws<InvalidDataException>(() => destination.LoadAhead(TestMachines.Save(source)));
    }

    /// <summary>Shows that the check above can fail: the device finds nothing where the guest told it to write.</summary>
    [Fact]
    public void A_machine_that_arrives_without_its_mappings_is_seen_to_be_broken()
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(AcceleratorKind.Thread, sourceNic));
        TestMachines.WaitFor(source, progress => progress.Messages >= 100);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(WithNic(AcceleratorKind.Thread, destinationNic));
        NicMachineTests.MoveDevice(source, destination, withState: true);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        destination.Devices[0].Iommu!.Clear();
        destination.Devices[0].SetState(VfioDeviceState.Running);
        destination.ResumeVcpus();
        Assert.True(SpinWait.SpinUntil(() => destination.Devices[0].ReadsFault() == true, TimeSpan.FromSeconds(20)));
        Assert.False(TestMachines.Check(destination).Passed);
    }

    [Fact]
    public void A_state_that_maps_what_is_no_memory_of_the_machine_is_refused_and_changes_nothing()
    {
        using var largeNic = new ServedNic(Nic);
        using var smallNic = new ServedNic(Nic);
        using var large = GuestMachine.Create(WithNic(AcceleratorKind.Thread, largeNic) with { MemoryBytes = 64 << 20 });
        var iommu = large.Devices[0].Iommu!;
        Map(iommu, 0, 1, 1);
        Map(iommu, 1, (64 << 20 >> 12) - 1, 1);
        using var small = GuestMachine.Create(WithNic(AcceleratorKind.Thread, smallNic));
        var refused = Assert.Throws<InvalidDataException>(() => small.LoadVcpus(TestMachines.Save(large)));
        Assert.Contains("no such memory", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, small.Devices[0].Iommu!.MappingCount);
        Assert.Equal(0, smallNic.Counters.DmaMaps);
    }

    [Fact]
    public void A_machine_with_an_iommu_does_not_take_the_state_of_one_without_nor_the_other_way_round()
    {
        using var firstNic = new ServedNic(Nic);
        using var secondNic = new ServedNic(Nic);
        using var with = GuestMachine.Create(WithNic(AcceleratorKind.Thread, firstNic));
        using var without = GuestMachine.Create(WithNic(AcceleratorKind.Thread, secondNic, iommu: false));
        Assert.Throws<InvalidDataException>(() => with.LoadVcpus(TestMachines.Save(without)));
        Assert.Throws<InvalidDataException>(() => without.LoadVcpus(TestMachines.Save(with)));
    }

    [Fact]
    public void Commands_that_can_not_be_done_say_why_and_change_nothing()
    {
        using var nic = new ServedNic(Nic);
        using var machine = GuestMachine.Create(WithNic(AcceleratorKind.Thread, nic));
        var iommu = machine.Devices[0].Iommu!;
        Assert.Equal(IommuStatus.Done, Map(iommu, 4, 100, 4));
        Assert.Equal(IommuStatus.Taken, Map(iommu, 7, 200, 1));
        Assert.Equal(IommuStatus.BadCommand, Map(iommu, 20, 200, 0));
        Assert.Equal(IommuStatus.NotMemory, Map(iommu, 20, uint.MaxValue, 1));
        Assert.Equal(IommuStatus.NotMemory, Map(iommu, 20, (32 << 20 >> 12) - 1, 2));
        Assert.Equal(IommuStatus.OutsideAperture, Map(iommu, 1 << 18, 1, 1));
        Assert.Equal(IommuStatus.OutsideAperture, Map(iommu, (1 << 18) - 1, 1, 2));
        Assert.Equal(IommuStatus.BadCommand, Do(iommu, 9, 4, 1));
        Assert.Equal(IommuStatus.NoMapping, Do(iommu, IommuRegisters.CommandUnmap, 4, 3));
        Assert.Equal(IommuStatus.NoMapping, Do(iommu, IommuRegisters.CommandUnmap, 5, 3));
        Assert.Equal(1, iommu.MappingCount);
        Assert.Equal(1, nic.Counters.DmaMaps);
        Assert.Equal(IommuStatus.Done, Do(iommu, IommuRegisters.CommandUnmap, 4, 4));
        Assert.Equal(IommuStatus.Done, Do(iommu, IommuRegisters.CommandMapReadOnly, 4, 4));
        Assert.False(iommu.Space.GetMappings()[0].IsWritable);
        Assert.Equal(IommuStatus.Done, Do(iommu, IommuRegisters.CommandUnmapAll, 0, 0));
        Assert.Equal(0, nic.Counters.DmaMaps);
        Assert.Equal(0u, iommu.ReadRegister(0x28));
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_nic_whose_process_dies_leaves_a_machine_that_works(AcceleratorKind accelerator)
    {
        using var nic = new ServedNic(Nic);
        using var machine = TestMachines.Start(WithNic(accelerator, nic));
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        nic.Kill();
        var transfers = machine.GetProgress().Transfers;
        TestMachines.WaitForTransfers(machine, transfers + 100);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    [Fact]
    public void More_buffers_than_can_be_mapped_are_refused_with_the_limit()
    {
        using var nic = new ServedNic(Nic with { MessageBytes = 64 });
        var options = WithNic(AcceleratorKind.Thread, nic) with { NicWorkingSetBytes = 2 << 20 };
        Assert.Contains("16382", Assert.Throws<MachineException>(() => GuestMachine.Create(options)).Message, StringComparison.Ordinal);
    }

    private static IommuStatus Map(DeviceIommu iommu, uint iovaPage, uint memoryPage, uint pages)
    {
        iommu.WriteRegister(IommuRegisters.MemoryPage, memoryPage);
        return Do(iommu, IommuRegisters.CommandMap, iovaPage, pages);
    }

    private static IommuStatus Do(DeviceIommu iommu, uint command, uint iovaPage, uint pages)
    {
        iommu.WriteRegister(IommuRegisters.IovaPage, iommu.ReadRegister(IommuRegisters.AperturePage) + iovaPage);
        iommu.WriteRegister(IommuRegisters.Command, command | (pages << IommuRegisters.PagesShift));
        return (IommuStatus)iommu.ReadRegister(IommuRegisters.Status);
    }

    private static HashSet<ulong> PagesOf(DirtyBitmap bitmap)
    {
        var pages = new HashSet<ulong>();
        foreach (var (first, count) in bitmap.Runs())
        {
            for (ulong i = 0; i < count; i++)
            {
                pages.Add(first + i);
            }
        }

        return pages;
    }

    private static MachineOptions WithNic(AcceleratorKind accelerator, ServedNic nic, bool iommu = true)
    {
        TestMachines.SkipWhereMissing(accelerator);
        return TestMachines.Options(accelerator) with { Devices = [new("nic0", "rnic", nic.Socket) { Iommu = iommu }] };
    }
}
