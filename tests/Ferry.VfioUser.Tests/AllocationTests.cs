using Ferry.Memory;
using Ferry.VfioUser.Client;
using Xunit;

namespace Ferry.VfioUser.Tests;

/// <summary>Counts allocations of the whole process, so no other test may run beside these.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests : IDisposable
{
    private readonly GuestBytes _guest = new();
    private readonly ServedDevice _served = new();
    private readonly VfioUserClient _client;

    public AllocationTests() => _client = _served.Connect(new VfioUserClientOptions { DmaHandler = _guest });

    public void Dispose()
    {
        _client.Dispose();
        _served.Dispose();
        _guest.Dispose();
    }

    [Fact]
    public void Reading_and_writing_registers_allocates_nothing_on_either_side()
    {
        var data = new byte[8];
        AllocationCheck.AssertNone(() =>
        {
            _client.RegionWrite(TestDevice.Registers, 16, data);
            _client.RegionRead(TestDevice.Registers, 16, data);
            _client.PostRegionWrite(TestDevice.Registers, 16, data);
        });
    }

    [Fact]
    public void Reporting_allocates_nothing_on_either_side()
    {
        var range = DmaTests.Pages(0, 4096);
        _client.StartDmaLog([range], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(range, PageSize.Size4K);
        _served.Device.IsQuiet = true;
        AllocationCheck.AssertNone(() => _client.ReportDmaLog(range, PageSize.Size4K, bitmap));
    }

    [Fact]
    public void DMA_by_messages_allocates_nothing_on_either_side()
    {
        _client.MapDma(new IovaRange(new Iova(0), GuestBytes.MappedBytes), 0, true, true, null);
        var data = new byte[4096];
        AllocationCheck.AssertNone(() =>
        {
            _served.Server.TryWrite(new Iova(0), data);
            _served.Server.TryRead(new Iova(0), data);
        });
    }

    [Fact]
    public void DMA_that_is_performed_marked_and_reported_allocates_nothing_on_either_side()
    {
        using var guest = new MediatedGuest(1 << 20);
        var all = new IovaRange(new Iova(0), 1 << 20);
        guest.Tracker.Start([all], PageSize.Size4K);
        using var bitmap = new DirtyBitmap(all, PageSize.Size4K);
        var data = new byte[9000];
        AllocationCheck.AssertNone(() =>
        {
            guest.Served.Server.TryWrite(new Iova(77), data);
            guest.Served.Server.TryRead(new Iova(77), data);
            guest.Tracker.Report(all, bitmap);
        });
    }

    [Fact]
    public void Migration_data_allocates_nothing_on_either_side()
    {
        var buffer = new byte[64 << 10];
        _client.SetState(Linux.Vfio.VfioDeviceState.StopCopy);
        AllocationCheck.AssertNone(() => _client.ReadMigrationData(buffer));
    }
}
