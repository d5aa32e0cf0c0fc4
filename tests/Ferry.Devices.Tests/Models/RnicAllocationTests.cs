using Ferry.Devices.Dma;
using Ferry.Devices.Models;
using Ferry.Memory;
using Xunit;

namespace Ferry.Devices.Tests.Models;

/// <summary>Counts what the whole process allocates, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(RnicAllocationTests), DisableParallelization = true)]
[Collection(nameof(RnicAllocationTests))]
public sealed class RnicAllocationTests
{
    [Theory]
    [InlineData(false, DmaLogMode.Exact)]
    [InlineData(true, DmaLogMode.Exact)]
    [InlineData(false, DmaLogMode.Pinned)]
    public void The_worker_sends_and_logs_without_allocating(bool isMediated, DmaLogMode logMode)
    {
        const uint Entries = 65536;
        using var device = new Rnic(new RnicOptions { MessageBytes = 128, DeviceStateBytes = 1 << 20, LogMode = logMode });
        using var guest = new GuestDriver(memoryBytes: 32 << 20, entries: Entries, messageBytes: 128) { RxBase = 0x400000, CqBase = 0x800000, IsMediated = isMediated };
        guest.BufferOf = _ => 0x1800000;
        guest.Map(device);
        device.StartDmaLog([guest.All], PageSize.Size4K);
        guest.Enable(device);
        guest.Post(device, 1000);
        Wait(device, 1000);
        // The runner allocates a little now and then; one object a burst would be 7,500 bytes each time.
        var least = long.MaxValue;
        for (var part = 1U; part <= 3; part++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            guest.Post(device, 20_000);
            Wait(device, 1000 + (part * 20_000));
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.True(least < 5_000, $"{least} bytes were allocated for 20,000 messages.");
    }

    private static void Wait(Rnic device, ulong messages)
    {
        Span<byte> register = stackalloc byte[8];
        var deadline = Environment.TickCount64 + 30_000;
        while (device.Counters.Operations < messages && Environment.TickCount64 < deadline)
        {
            Thread.Sleep(1);
        }

        device.RegionRead(0, 0x40, register);
        Assert.Equal(messages, BitConverter.ToUInt64(register));
    }
}
