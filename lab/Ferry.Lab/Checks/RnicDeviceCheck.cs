using Ferry.Lab.Devices;
using Ferry.Linux.Events;
using Ferry.Linux.Vfio;

namespace Ferry.Lab.Checks;

/// <summary>The lab's device is what it says that it is: regions, messages by either page of doorbells, interrupts by event file, options that are fixed
/// while it is open.</summary>
internal sealed class RnicDeviceCheck : ILabCheck
{
    private const uint Interrupt = 0;
    private const int MessageBytes = 8192;

    /// <inheritdoc/>
    public string Name => "rnic-device";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        using var rnic = new ContainedRnic(new() { MessageBytes = MessageBytes });
        var (device, driver) = (rnic.Device, rnic.Driver);
        LabContext.Require(device.GetInfo() is { CanReset: true, IsPci: true }, $"{device.GetInfo()}");
        LabContext.Require(device.GetRegion(0) is { LengthBytes: 4096, Mappable: [] }, $"{device.GetRegion(0)}");
        LabContext.Require(device.GetRegion(2) is { LengthBytes: 8192, Mappable: [(4096, 4096)] }, $"{device.GetRegion(2)}");
        LabContext.Require(device.GetRegion(VfioRegion.PciConfiguration).LengthBytes == 256 && device.GetRegion(4).LengthBytes == 0, "regions 7 or 4");
        LabContext.Require(driver.MessageBytes == MessageBytes, $"messages have {driver.MessageBytes} bytes where {MessageBytes} were chosen");

        using var signal = new EventFile();
        device.SetInterruptEvents(Interrupt, 0, [signal]);
        var interrupts = 0UL;
        for (var round = 0; round < 2; round++)
        {
            for (ulong i = 0; i < RnicDriver.Entries; i++)
            {
                driver.Post(new(ContainedRnic.Range.Start.Value + (i * MessageBytes)));
            }

            if (round == 0)
            {
                driver.Ring();
            }
            else
            {
                driver.RingMapped();
            }

            driver.TakeAll();
            LabContext.WaitFor(() => (interrupts += signal.Take()) > (ulong)round, "an interrupt of a burst");
        }

        device.DisableInterrupts(Interrupt);
        rnic.Write(ContainedRnic.Range.Start);
        LabContext.Require(signal.Take() == 0, "an interrupt that was disabled was raised");
        LabContext.RequireRefusal(() => device.SetInterruptEvents(Interrupt, 1, [signal]), "an interrupt that the device does not have");
        CheckOptions(rnic);
        return $"{driver.Taken} messages of {MessageBytes} bytes by both pages of doorbells, {interrupts} interrupts by event file; options are fixed while it is open";
    }

    private static void CheckOptions(ContainedRnic rnic)
    {
        foreach (var (attribute, value) in (ReadOnlySpan<(string, string)>)[("message_bytes", "64"), ("log", "0"), ("defect", "log-keeps")])
        {
            LabContext.Require(IsRefused(() => rnic.Set(attribute, value)), $"{attribute} was changed while the device is open");
        }

        using var closed = new RnicOptions().Create();
        foreach (var (attribute, value) in (ReadOnlySpan<(string, string)>)[
            ("message_bytes", "0"), ("message_bytes", "100"), ("message_bytes", "1048640"), ("log_ranges", "257"), ("log_page_sizes", "0"), ("p2p", "2"), ("defect", "all")])
        {
            LabContext.Require(IsRefused(() => closed.Set($"rnic/{attribute}", value)), $"{attribute} was set to {value}");
        }

        closed.Set("rnic/p2p", "0");
        closed.Set("rnic/pre_copy", "0");
        closed.Set("rnic/log", "0");
        using var bound = new BoundDevice(VfioFiles.OpenDevice(closed.Folder));
        LabContext.Require(
            bound.Device.GetMigrationFlags() == VfioMigrationFlags.StopCopy && !bound.Device.HasDmaLog, $"a device without options has {bound.Device.GetMigrationFlags()}, or a log");
        bound.Device.SetState(VfioDeviceState.StopCopy)?.Dispose();
        bound.Device.SetState(VfioDeviceState.Running)?.Dispose();
        LabContext.RequireRefusal(() => bound.Device.SetState(VfioDeviceState.RunningP2P)?.Dispose(), "a state that was taken from the device");
    }

    private static bool IsRefused(Action write)
    {
        try
        {
            write();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
