using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Memory;
using Ferry.Testing.Tracking;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Protocol;
using Ferry.VfioUser.Server;
using Ferry.VfioUser.Tracking;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>A served device that shares its page table, guest memory, and the tracker of it.</summary>
internal sealed class TableDevice : ITrackerFixture
{
    public static readonly VfioUserServerOptions Sharing = new() { Capabilities = VfioUserCapabilities.Own with { SharesPageTable = true } };

    private readonly MemoryFile _memory = MemoryFile.Create("test-guest", 2 << 20);

    private readonly IoTableMode _mode;

    public TableDevice(IoTableMode mode = IoTableMode.Scans)
    {
        _mode = mode;
        Client = Served.Connect();
        Client.MapDma(Range, 0, true, true, _memory.Handle);
        Assert.SkipUnless(mode == IoTableMode.Scans || MayHoldKernel(), "this user may not have the kernel's writes wait");
        Assert.True(IoTableTracker.TryCreate(Client, new DmaSource("nic0"), mode, real => new FaultyTracking(real, Faults), out var tracker));
        Tracker = tracker;
    }

    public ServedDevice Served { get; } = new(null, Sharing);

    public VfioUserClient Client { get; }

    public FaultyTracking.Plan Faults { get; } = new();

    public IDirtyTracker Tracker { get; }

    public IovaRange Range { get; } = DmaTests.Pages(512, 256);

    public PageSize PageSize => PageSize.Size4K;

    public static bool MayHoldKernel()
    {
        using var own = PageTableDescriptors.OpenOwn();
        return own.HoldsKernel;
    }

    public void MapMore() => Client.MapDma(DmaTests.Pages(1024, 256), 1 << 20, true, true, _memory.Handle);

    public Iova At(ulong page) => new(Range.Start.Value + (page << 12));

    /// <summary>Writes as a device does; by a system call where the write waits for a thread of this process.</summary>
    public void Write(ulong page)
    {
        if (_mode == IoTableMode.Faults)
        {
            Served.Device.WriteBySystemCall(At(page), 1);
            return;
        }

        Served.Device.Write(At(page), [1]);
    }

    public bool FailNextCall()
    {
        Faults.FailAt(1);
        return true;
    }

    public void Dispose()
    {
        Tracker.Dispose();
        Client.Dispose();
        Served.Dispose();
        _memory.Dispose();
    }
}
