using Ferry.Lab.Devices;
using Ferry.Linux;
using Ferry.Linux.Vfio;
using Ferry.Memory;

namespace Ferry.Lab.Checks;

/// <summary>What a guest, a process that has the device open, or a stream of state may do wrong: the lab's device refuses it or stops, and works again
/// once it was reset. So a check that uses it finds faults of what it checks, and not of the device.</summary>
internal sealed class RnicBadInputCheck : ILabCheck
{
    private const int StateBytes = 8192;
    private const int Streams = 400;

    /// <inheritdoc/>
    public string Name => "rnic-bad-input";

    /// <inheritdoc/>
    public string Run(LabContext context)
    {
        var refused = LoadStreams();
        var stopped = StopByGuest();
        CheckAccesses();
        return $"{refused} of {Streams} streams that were altered, and no other, were refused; {stopped} faults of a guest stopped the device, and a reset helped each time";
    }

    private static int LoadStreams()
    {
        using var made = new RnicOptions { StateBytes = StateBytes }.Create();
        using var bound = new BoundDevice(VfioFiles.OpenDevice(made.Folder));
        var device = bound.Device;
        var whole = Save(device);
        var random = new Random(17);
        var refused = 0;
        for (var i = 0; i < Streams; i++)
        {
            var stream = Alter(whole, random, i);
            var isWhole = stream.AsSpan().SequenceEqual(whole);
            var isTaken = TryLoad(device, stream, random);
            LabContext.Require(isTaken == isWhole, $"stream {i}, of {stream.Length} bytes, {(isWhole ? "is whole and was refused" : "was altered and taken")}");
            LabContext.Require(isTaken || device.GetState() == VfioDeviceState.Error, $"after a stream that was refused the device is in {device.GetState()}");
            refused += isTaken ? 0 : 1;
        }

        LabContext.Require(TryLoad(device, whole, random), "a whole stream was refused at the end");
        LabContext.Require(Save(device).AsSpan().SequenceEqual(whole), "what was loaded is not what is saved again");
        return refused;
    }

    private static byte[] Save(VfioDevice device)
    {
        using var data = device.SetState(VfioDeviceState.StopCopy);
        var stream = new List<byte>();
        var buffer = new byte[1000];
        for (int read; (read = data!.Read(buffer)) > 0;)
        {
            stream.AddRange(buffer.AsSpan(0, read));
        }

        device.SetState(VfioDeviceState.Stop)?.Dispose();
        return [.. stream];
    }

    // The first ones bit by bit through the header and the head of the first record, then anything.
    private static byte[] Alter(byte[] whole, Random random, int number)
    {
        const int HeadBytes = 48;
        var stream = whole.ToList();
        if (number < HeadBytes)
        {
            stream[number] ^= (byte)(1 << (number % 8));
            return [.. stream];
        }

        var (at, length) = (random.Next(stream.Count), random.Next(1, 64));
        length = Math.Min(length, stream.Count - at);
        switch (random.Next(6))
        {
            case 0:
                stream[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                stream.RemoveRange(at, stream.Count - at);
                break;
            case 2:
                stream.RemoveRange(at, length);
                break;
            case 3:
                stream.InsertRange(at, stream.GetRange(at, length));
                break;
            case 4:
                stream.AddRange(stream.GetRange(at, length));
                break;
            default:
                stream[at] = (byte)random.Next(256);
                stream[random.Next(stream.Count)] = 0xff;
                break;
        }

        return [.. stream];
    }

    private static bool TryLoad(VfioDevice device, byte[] stream, Random random)
    {
        device.Reset();
        using var data = device.SetState(VfioDeviceState.Resuming);
        try
        {
            for (var at = 0; at < stream.Length;)
            {
                var piece = Math.Min(random.Next(1, 5000), stream.Length - at);
                data!.Write(stream.AsSpan(at, piece));
                at += piece;
            }
        }
        catch (KernelCallException)
        {
            // Early is well, as long as the end is refused too.
        }

        return !LabContext.IsRefused(() => device.SetState(VfioDeviceState.Stop));
    }

    private static int StopByGuest()
    {
        using var rnic = new ContainedRnic(new());
        var driver = rnic.Driver;
        var nowhere = new Iova(ContainedRnic.Range.Last.Value + 1);
        (string What, Action Do)[] beforeEnable =
        [
            ("a stride of 12", () => driver.Set(0x14, 12)),
            ("a stride of 0", () => driver.Set(0x14, 0)),
            ("a ring of 3 entries", () => driver.Set(0x20, 3)),
            ("a ring of 131072 entries", () => driver.Set(0x30, 131072)),
            ("a ring at an odd address", () => driver.SetLong(0x18, 0x1000_0020)),
            ("a ring that wraps", () => driver.SetLong(0x28, ulong.MaxValue - 63)),
            ("a mailbox that wraps", () => driver.SetLong(0x58, ulong.MaxValue - 7)),
        ];
        (string What, Action Do)[] afterEnable =
        [
            ("a descriptor that is too short", () => Post(driver, ContainedRnic.Range.Start, 64)),
            ("a buffer that is not mapped", () => Post(driver, nowhere, null)),
            ("a buffer that is mapped in part", () => Post(driver, new(nowhere.Value - 2048), null)),
            ("a buffer that wraps", () => Post(driver, new(ulong.MaxValue - 100), null)),
            ("more buffers than the ring has", () => rnic.Device.Write(rnic.Device.GetRegion(2), 0, [(byte)(RnicDriver.Entries + 1), 0, 0, 0])),
            ("more completions than the ring has", () => rnic.Device.Write(rnic.Device.GetRegion(2), 0x40, [1, 0, 0, 0])),
        ];
        foreach (var (what, fault) in beforeEnable)
        {
            MakeNew(driver);
            fault();
            driver.Control(1);
            LabContext.Require(driver.Status == 2, $"{what}: the status is {driver.Status:x} after enable");
            RequireWorks(rnic);
        }

        foreach (var (what, fault) in afterEnable)
        {
            MakeNew(driver);
            driver.Control(1);
            rnic.Remember();
            fault();
            LabContext.WaitFor(() => driver.HasFailed, what);
            RequireWorks(rnic);
        }

        return beforeEnable.Length + afterEnable.Length;
    }

    private static void Post(RnicDriver driver, Iova buffer, int? lengthBytes)
    {
        driver.Post(buffer, lengthBytes);
        driver.Ring();
    }

    private static void MakeNew(RnicDriver driver)
    {
        driver.Control(2);
        driver.SetUp();
    }

    private static void RequireWorks(ContainedRnic rnic)
    {
        MakeNew(rnic.Driver);
        rnic.Driver.Enable();
        rnic.Write(ContainedRnic.Range.Start);
    }

    /// <summary>Accesses of a shape that no register has are ignored, those beyond a region refused.</summary>
    private static void CheckAccesses()
    {
        using var rnic = new ContainedRnic(new());
        var (device, driver) = (rnic.Device, rnic.Driver);
        for (var index = 0U; index < device.GetInfo().RegionCount; index++)
        {
            var region = device.GetRegion(index);
            var beyond = region with { LengthBytes = region.LengthBytes + 65536 };
            LabContext.RequireRefusal(() => device.Read(beyond, region.LengthBytes, new byte[4]), $"a read beyond region {index}");
            LabContext.RequireRefusal(() => device.Write(beyond, region.LengthBytes, new byte[4]), $"a write beyond region {index}");
        }

        driver.Control(2);
        driver.SetUp();
        var registers = device.GetRegion(0);
        var before = ReadAll(device, registers);
        device.Write(registers, 0x14, new byte[3]);
        device.Write(registers, 0x15, new byte[4]);
        device.Write(registers, 0, new byte[16]);
        device.Write(registers, 0x40, new byte[24]);
        device.Write(registers, registers.LengthBytes - 8, new byte[8]);
        LabContext.Require(ReadAll(device, registers).AsSpan().SequenceEqual(before), "a write of no register changed one");
        driver.Enable();
        driver.Set(0x14, 16);
        driver.SetLong(0x18, 0);
        rnic.Write(ContainedRnic.Range.Start);
    }

    private static byte[] ReadAll(VfioDevice device, VfioRegion region)
    {
        var bytes = new byte[region.LengthBytes];
        device.Read(region, 0, bytes);
        return bytes;
    }
}
