using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.VfioUser.Tests;

/// <summary>Guest memory in two regions, which a served device reaches by messages alone, and the tracker of what it writes.</summary>
internal sealed class MediatedGuest : IDisposable
{
    private readonly MappedMemory _bytes;

    public MediatedGuest(ulong firstBytes, ulong secondStart = 0, ulong secondBytes = 0, VfioUserClientOptions? options = null)
    {
        _bytes = MappedMemory.MapAnonymous(firstBytes + secondBytes, MemoryProtection.Read | MemoryProtection.Write);
        List<GuestRegion> regions = [new(new(0), firstBytes, _bytes.Address, 0)];
        if (secondBytes > 0)
        {
            regions.Add(new(new(secondStart), secondBytes, new(_bytes.Address.Value + (nuint)firstBytes), firstBytes));
        }

        Memory = new MediatedMemory(new GuestMemory(regions));
        Tracker = new MediatedTracker(Memory, new DmaSource("nic0"));
        Client = Served.Connect((options ?? new VfioUserClientOptions()) with { DmaHandler = Memory });
        regions.ForEach(region => Client.MapDma(region.Range, 0, true, true, null));
    }

    public MediatedMemory Memory { get; }

    public MediatedTracker Tracker { get; }

    public ServedDevice Served { get; } = new();

    public VfioUserClient Client { get; }

    /// <summary>The bytes of all regions, one after the other.</summary>
    public Span<byte> At(ulong offset, int length) => _bytes.GetSpan(offset, length);

    public bool Write(ulong address, params byte[] data) => Served.Server.TryWrite(new(address), data);

    public void Dispose()
    {
        Tracker.Dispose();
        Client.Dispose();
        Served.Dispose();
        _bytes.Dispose();
    }
}
