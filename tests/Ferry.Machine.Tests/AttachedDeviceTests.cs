using Ferry.Linux;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Machine.Devices;
using Xunit;

namespace Ferry.Machine.Tests;

/// <summary>A kernel device in a machine, as far as it needs no kernel device: where its regions lie, and who is kept from it while it is stopped.</summary>
public sealed class AttachedDeviceTests
{
    private const ulong LowStart = 0xE200_0000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly MachineDevice Serial = new("serial0", "mtty") { Vfio = new("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001", VfioOpening.Group, VfioSpace.Container, "default") };

    [Fact]
    public void Regions_that_the_guest_sees_lie_apart_aligned_to_their_size()
    {
        using var device = Attach(new FakeLink((0, 8, true), (1, 1 << 20, true), (2, 5000, true), (7, 256, false)));
        Assert.Equal([(0, LowStart, 8UL), (1, LowStart + (1 << 20), 1UL << 20), (2, LowStart + (2 << 20), 5000UL)], device.Windows.Select(window => (window.Region, window.Address, window.LengthBytes)));
        Assert.True(device.Holds(LowStart + 7));
        Assert.False(device.Holds(LowStart + 8));
        Assert.Equal(("vfio:mtty", 0U, 0U), (device.StateKind, device.Version, device.MessageBytes));
    }

    [Fact]
    public void What_does_not_fit_below_4_GiB_lies_above_memory_and_what_fits_nowhere_is_refused()
    {
        var bus = new GuestBus();
        Assert.True(bus.TryTake(1UL << 30, out var high));
        Assert.Equal(1UL << 39, high);
        Assert.True(bus.TryTake(4096, out var low));
        Assert.Equal(LowStart, low);
        Assert.False(bus.TryTake(1UL << 39, out _));
        Assert.False(bus.TryTake(ulong.MaxValue, out _));
        var link = new FakeLink((0, 1UL << 39, true));
        Assert.Contains("no addresses are left for its region 0", Assert.Throws<MachineException>(() => AttachedDevice.Attach(Serial, 0, bus, link)).Message, StringComparison.Ordinal);
        Assert.True(link.IsDisposed);
    }

    [Fact]
    public void What_is_mapped_of_it_is_taken_from_the_guest_before_it_stops_and_given_back_when_it_runs()
    {
        var link = new FakeLink((0, 1 << 20, true));
        using var memory = MappedMemory.MapAnonymous(8192, MemoryProtection.Read | MemoryProtection.Write);
        link.Areas.Add(new(4096, memory));
        using var device = Attach(link);
        Assert.Equal([(LowStart + 4096, 8192UL)], device.Mapped.Select(each => (each.Address, each.Memory.LengthBytes)));
        Assert.Equal(8192UL, Assert.Single(device.Windows).MappedBytes);
        Assert.True(device.HidesMappedWhenStopped);
        var seen = new List<(bool, VfioDeviceState)>();
        device.ShowMapped = isShown => seen.Add((isShown, link.State));
        device.SetState(VfioDeviceState.StopCopy);
        device.SetState(VfioDeviceState.Running);
        Assert.Equal([(false, VfioDeviceState.Running), (true, VfioDeviceState.Running)], seen);
    }

    [Fact]
    public async Task A_vCPU_that_accesses_it_while_it_is_stopped_waits_until_it_runs()
    {
        using var device = Attach(new FakeLink((0, 4096, true)));
        device.SetState(VfioDeviceState.StopCopy);
        var write = Task.Run(() => device.WriteRegister(LowStart, 7), TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => device.IsAwaited, Patience));
        Assert.False(write.IsCompleted);
        Assert.Throws<MachineException>(() => device.ReadRegion(0, 0, new byte[1]));
        device.SetState(VfioDeviceState.Running);
        await write.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal((false, 7U), (device.IsAwaited, device.ReadRegister(LowStart)));
    }

    [Fact]
    public void One_that_fails_to_stop_is_where_it_says_and_takes_accesses_if_it_runs()
    {
        var link = new FakeLink((0, 4096, true)) { FailsInto = VfioDeviceState.Running };
        using var device = Attach(link);
        Assert.Throws<KernelCallException>(() => device.SetState(VfioDeviceState.StopCopy));
        Assert.Equal((VfioDeviceState.Running, 0U), (device.State, device.ReadRegister(LowStart)));
        (link.FailsInto, link.Failure) = (VfioDeviceState.Error, new IOException("gone"));
        Assert.Throws<KernelCallException>(() => device.SetState(VfioDeviceState.Stop));
        Assert.Equal(VfioDeviceState.Error, device.State);
    }

    [Fact]
    public void Bytes_that_a_region_does_not_have_are_refused_and_others_are_accessed_whether_the_guest_sees_them_or_not()
    {
        using var device = Attach(new FakeLink((0, 8, true), (7, 256, false)));
        device.WriteRegion(7, 254, [1, 2]);
        var bytes = new byte[2];
        device.ReadRegion(7, 254, bytes);
        Assert.Equal([1, 2], bytes);
        Assert.Contains("has no region 3; it has 0, 7", Assert.Throws<MachineException>(() => device.ReadRegion(3, 0, bytes)).Message, StringComparison.Ordinal);
        Assert.Contains("not within the 8 bytes of its region 0", Assert.Throws<MachineException>(() => device.WriteRegion(0, 7, bytes)).Message, StringComparison.Ordinal);
        Assert.Throws<MachineException>(() => device.ReadRegion(0, ulong.MaxValue, bytes));
    }

    [Fact]
    public void A_device_that_is_no_rnic_is_not_taken_for_one()
    {
        var link = new FakeLink((0, 4096, true));
        var message = Assert.Throws<MachineException>(() => AttachedDevice.Attach(Serial with { Kind = MachineDevice.RnicKind }, 0, new(), link)).Message;
        Assert.Contains("a device that is none is no rnic (its ID register reads 0x00000000)", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nic0", VfioOpening.Group, VfioSpace.Container, "neither a PCI address")]
    [InlineData("0000:01:00.0", VfioOpening.Cdev, VfioSpace.Container, "a container takes groups")]
    [InlineData("0000:ff:1f.7", VfioOpening.Group, VfioSpace.Container, "there is no PCI device 0000:ff:1f.7 here")]
    [InlineData("0000:ff:1f.7", VfioOpening.Cdev, VfioSpace.Ioas, "device nic0: ")]
    public void A_machine_with_a_kernel_device_that_can_not_be_had_is_not_made(string address, VfioOpening opening, VfioSpace space, string expected)
    {
        var options = TestMachines.Options(AcceleratorKind.Thread) with { Devices = [new("nic0", "rnic") { Vfio = new(address, opening, space, "a") }] };
        var message = Assert.Throws<MachineException>(() => GuestMachine.Create(options)).Message;
        Assert.True(message.Contains(expected, StringComparison.Ordinal) || message.Contains("/dev/vfio/vfio is not there", StringComparison.Ordinal), message);
    }

    [Fact]
    public void Abilities_of_vfio_user_devices_are_refused_for_kernel_devices_and_one_way_is_needed()
    {
        Assert.Contains("are for vfio-user devices", Problem(Serial with { Iommu = true }), StringComparison.Ordinal);
        Assert.Contains("are for vfio-user devices", Problem(Serial with { Dma = DeviceDma.Mediated }), StringComparison.Ordinal);
        Assert.Contains("both a socket and an address", Problem(Serial with { Socket = "/run/nic0.sock" }), StringComparison.Ordinal);
        Assert.Contains("neither a socket nor an address", Problem(new("nic0", "rnic")), StringComparison.Ordinal);
        Assert.Contains("a vfio-user device of a machine is an rnic", Problem(new("nic0", "mtty", "/run/nic0.sock")), StringComparison.Ordinal);
        Assert.Null(Serial.FindProblem());
    }

    private static string Problem(MachineDevice device) => Assert.Single(TestMachines.Options(AcceleratorKind.Thread) with { Devices = [device] } is var options ? options.Validate() : []);

    private static AttachedDevice Attach(FakeLink link) => AttachedDevice.Attach(Serial, 0, new(), link);
}
