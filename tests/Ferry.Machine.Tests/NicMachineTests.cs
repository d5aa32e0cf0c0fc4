using Ferry.Devices.Models;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>Machines with a real rnic behind a socket.</summary>
public sealed class NicMachineTests
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
        var consumed = machine.GetProgress().Messages;
        TestMachines.WaitFor(machine, progress => progress.Messages > consumed);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void Each_vcpu_drives_a_nic_of_its_own(AcceleratorKind accelerator)
    {
        using var first = new ServedNic(Nic);
        using var second = new ServedNic(Nic);
        using var machine = TestMachines.Start(TestMachines.Options(accelerator, vcpus: 2) with
        {
            Devices = [new("nic0", "rnic", first.Socket), new("nic1", "rnic", second.Socket)],
        });
        TestMachines.WaitFor(machine, _ => first.Counters.Operations > 50 && second.Counters.Operations > 50);
        TestMachines.WaitFor(machine, progress => progress.Messages > 100);
        var result = TestMachines.Check(machine);
        Assert.True(result.Passed, result.ToString());
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_machine_and_its_nic_go_on_elsewhere(AcceleratorKind accelerator)
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(accelerator, sourceNic));
        TestMachines.WaitFor(source, progress => progress.Messages >= 100 && progress.Transfers >= 100);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(WithNic(accelerator, destinationNic));
        MoveDevice(source, destination, withState: true);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        var before = source.GetProgress();
        destination.Devices[0].SetState(VfioDeviceState.Running);
        destination.ResumeVcpus();
        TestMachines.WaitFor(destination, progress => progress.Messages >= before.Messages + 200);
        var result = TestMachines.Check(destination);
        Assert.True(result.Passed, result.ToString());
        Assert.Equal(before, source.GetProgress());
    }

    /// <summary>A stopped device must not be touched; the guest can't know that it is stopped.</summary>
    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_vcpu_waits_for_a_device_that_is_stopped(AcceleratorKind accelerator)
    {
        TestMachines.SkipWhereMissing(accelerator);
        using var nic = new ServedNic(Nic);
        using var machine = GuestMachine.Create(WithNic(accelerator, nic));
        machine.LoadProgram();
        var device = machine.Devices[0];
        Assert.False(device.IsAwaited);
        device.SetState(VfioDeviceState.Stop);
        machine.ResumeVcpus();
        Assert.True(SpinWait.SpinUntil(() => device.IsAwaited, TimeSpan.FromSeconds(20)), "The program sets its device up, and nobody held it back.");
        Assert.Contains("nic0", Assert.Throws<MachineException>(machine.PauseVcpus).Message, StringComparison.Ordinal);
        device.SetState(VfioDeviceState.Running);
        machine.ResumeVcpus();
        TestMachines.WaitFor(machine, progress => progress.Messages >= 50);
        Assert.True(TestMachines.Check(machine).Passed);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_vcpu_does_not_wait_for_a_stopped_device_that_went_away(AcceleratorKind accelerator)
    {
        TestMachines.SkipWhereMissing(accelerator);
        using var nic = new ServedNic(Nic);
        using var machine = GuestMachine.Create(WithNic(accelerator, nic));
        machine.LoadProgram();
        machine.Devices[0].SetState(VfioDeviceState.Stop);
        machine.ResumeVcpus();
        Assert.True(SpinWait.SpinUntil(() => machine.Devices[0].IsAwaited, TimeSpan.FromSeconds(20)));
        nic.Kill();
        TestMachines.WaitForTransfers(machine, 100);
        Assert.False(machine.Devices[0].IsAwaited);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public async Task A_machine_whose_vcpu_waits_for_a_stopped_device_can_end(AcceleratorKind accelerator)
    {
        TestMachines.SkipWhereMissing(accelerator);
        using var nic = new ServedNic(Nic);
        var machine = GuestMachine.Create(WithNic(accelerator, nic));
        machine.LoadProgram();
        machine.Devices[0].SetState(VfioDeviceState.Stop);
        machine.ResumeVcpus();
        Assert.True(SpinWait.SpinUntil(() => machine.Devices[0].IsAwaited, TimeSpan.FromSeconds(20)));
        await Task.Run(machine.Dispose, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Theory]
    [MemberData(nameof(Accelerators))]
    public void A_nic_that_lost_its_state_on_the_way_fails_the_check(AcceleratorKind accelerator)
    {
        using var sourceNic = new ServedNic(Nic);
        using var destinationNic = new ServedNic(Nic);
        using var source = TestMachines.Start(WithNic(accelerator, sourceNic));
        TestMachines.WaitFor(source, progress => progress.Messages >= 20);
        source.PauseVcpus();
        using var destination = GuestMachine.Create(WithNic(accelerator, destinationNic));
        MoveDevice(source, destination, withState: false);
        TestMachines.CopyMemory(source, destination);
        destination.LoadVcpus(TestMachines.Save(source));
        destination.ResumeVcpus();

        // The guest's rings are unknown to a device that starts anew: it stops or stays silent, and either is seen by the check.
        var result = TestMachines.Check(destination);
        Assert.False(result.Passed, result.ToString());
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
        Assert.NotNull(machine.Devices[0].Failure);
    }

    [Fact]
    public void A_device_of_another_kind_is_refused_by_name()
    {
        using var nic = new ServedNic(Nic);
        var options = TestMachines.Options(AcceleratorKind.Thread) with { Devices = [new("disk0", "disk", nic.Socket)] };
        Assert.Contains("disk0", Assert.Throws<MachineException>(() => GuestMachine.Create(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x00, 0x12345678, "12345678")]
    [InlineData(0x08, 0, "0 bytes")]
    [InlineData(0x08, 100, "100 bytes")]
    [InlineData(0x08, uint.MaxValue, "4294967295 bytes")]
    public void A_device_whose_registers_make_no_sense_is_refused(ulong register, uint value, string seen)
    {
        using var nic = new ServedNic(Nic, device => new LyingDevice(device, register, value));
        var refused = Assert.Throws<MachineException>(() => GuestMachine.Create(WithNic(AcceleratorKind.Thread, nic)).Dispose());
        Assert.Contains(seen, refused.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Doorbells => ["as they are", "two pages", "read-only", "a file that can be cut"];

    [Theory]
    [MemberData(nameof(Doorbells))]
    public void Doorbells_that_could_stop_the_guest_are_messages_instead(string kind)
    {
        using var file = File.OpenHandle(Path.GetTempFileName(), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.DeleteOnClose);
        RandomAccess.SetLength(file, 16 << 10);
        using var larger = MemoryFile.Create("doorbells", 16 << 10);
        using var nic = new ServedNic(Nic, device => new LyingDevice(device, ulong.MaxValue, 0, region => kind switch
        {
            "two pages" => region with { MappableAreas = [(4096, 8192)], SizeBytes = 12288, File = larger.Handle },
            "read-only" => region with { Writable = false },
            "a file that can be cut" => region with { File = file },
            _ => region,
        }));
        using var machine = GuestMachine.Create(WithNic(AcceleratorKind.Thread, nic));
        Assert.Equal(kind == "as they are", machine.Devices[0].Mapped.Count == 1);
    }

    private static MachineOptions WithNic(AcceleratorKind accelerator, ServedNic nic) =>
        TestMachines.Options(accelerator) with { Devices = [new("nic0", "rnic", nic.Socket)] };

    internal static void MoveDevice(GuestMachine source, GuestMachine destination, bool withState)
    {
        var (from, to) = (source.Devices[0], destination.Devices[0]);
        from.SetState(VfioDeviceState.RunningP2P);
        from.SetState(VfioDeviceState.Stop);
        from.SetState(VfioDeviceState.StopCopy);
        if (withState)
        {
            to.SetState(VfioDeviceState.Stop);
            to.SetState(VfioDeviceState.Resuming);
            var buffer = new byte[64 << 10];
            for (int read; (read = from.ReadState(buffer)) > 0;)
            {
                to.WriteState(buffer.AsSpan(0, read));
            }

            to.SetState(VfioDeviceState.Stop);
        }
    }
}
