using Ferry.Linux.Memory;
using Ferry.Linux.Userfault;
using Ferry.Linux.Vfio;
using Ferry.Machine.Iommu;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.AddressSpaces;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.Machine.Devices;

/// <summary>A device that another process serves, reached by vfio-user, with guest memory mapped for its DMA by descriptor or by messages.</summary>
internal sealed class VfioUserLink : IDeviceLink
{
    private const int MostRegions = 16;

    private readonly VfioUserClient _client;
    private readonly List<VfioUserMappedRegion> _mapped = [];

    private VfioUserLink(VfioUserClient client, MediatedMemory? mediated, DeviceIommu? iommu)
    {
        (_client, Mediated, Iommu) = (client, mediated, iommu);
        Regions = [.. Enumerable.Range(0, Math.Min(client.GetInfo().RegionCount, MostRegions))
            .Select(region => new DeviceRegion(region, client.GetRegionInfo(region).SizeBytes, IsWindow: true)).Where(region => region.LengthBytes > 0)];
        MigrationFlags = client.GetMigrationFlags();
    }

    /// <inheritdoc/>
    public string Name => $"what listens at {_client.Peer}";

    /// <inheritdoc/>
    public string? StateFormat => null;

    /// <inheritdoc/>
    public Exception? Failure => _client.Failure;

    /// <inheritdoc/>
    public IReadOnlyList<DeviceRegion> Regions { get; }

    /// <inheritdoc/>
    public VfioMigrationFlags MigrationFlags { get; }

    /// <summary>What performs its DMA, where that is by messages.</summary>
    internal MediatedMemory? Mediated { get; }

    /// <summary>The virtual IOMMU that it is behind; null where it reaches guest memory by guest physical addresses.</summary>
    internal DeviceIommu? Iommu { get; }

    /// <summary>Connects to a device and maps all guest memory for its DMA; nothing where a virtual IOMMU is between.</summary>
    internal static VfioUserLink Connect(MachineDevice device, GuestMemoryFile memory)
    {
        var space = device.Iommu ? new AddressSpace(DeviceIommu.Aperture, DeviceIommu.MaxMappings) : null;
        var mediated = device.Dma == DeviceDma.Mediated ? new MediatedMemory(memory.Memory, space) : null;
        var client = VfioUserClient.Connect(device.Socket!, new VfioUserClientOptions { DmaHandler = mediated });
        try
        {
            foreach (var region in space is null ? memory.Memory.Regions : [])
            {
                client.MapDma(region.Range, region.FileOffsetBytes, read: true, write: true, mediated is null ? memory.Handle : null);
            }

            return new(client, mediated, space is null ? null : new DeviceIommu(space, client, memory, mediated is not null));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Lets this device reach a region of another one by DMA.</summary>
    /// <param name="other">The other device.</param>
    /// <param name="region">Its region.</param>
    /// <param name="at">Where this device sees it; as long as the region must be.</param>
    /// <returns>False where the other does not share it as a whole.</returns>
    internal bool TryMapRegionOf(VfioUserLink other, int region, IovaRange at)
    {
        using var shared = other._client.ShareRegion(region);
        if (shared is not { Info: { Writable: true, MappableAreas: [(0, var mappable)], SizeBytes: var size } } || size != at.LengthBytes || mappable != size)
        {
            return false;
        }

        _client.MapDma(at, shared.FileOffsetBytes, read: true, write: true, shared.File);
        return true;
    }

    /// <inheritdoc/>
    public void Read(int region, ulong offsetBytes, Span<byte> data) => _client.RegionRead(region, offsetBytes, data);

    /// <inheritdoc/>
    public void Write(int region, ulong offsetBytes, ReadOnlySpan<byte> data) => _client.RegionWrite(region, offsetBytes, data);

    /// <inheritdoc/>
    /// <remarks>Only what is writable and stays: the end of a file that a device cuts short would end this process.</remarks>
    public IReadOnlyList<MappedArea> Map(int region)
    {
        var mapped = _client.MapRegion(region);
        _mapped.Add(mapped);
        return mapped is { IsWritable: true, CanShrink: false } ? [.. mapped.Areas.Select(area => new MappedArea(area.OffsetBytes, area.Memory))] : [];
    }

    /// <inheritdoc/>
    public VfioDeviceState GetState() => _client.GetState();

    /// <inheritdoc/>
    public void SetState(VfioDeviceState next) => _client.SetState(next);

    /// <inheritdoc/>
    public void AllowDma() => Mediated?.Allow();

    /// <inheritdoc/>
    /// <remarks>A message that it gave up waiting for may still be queued here, and would come after the last report.</remarks>
    public void ForbidDma() => Mediated?.Forbid();

    /// <inheritdoc/>
    public ulong? EstimateStopCopyBytes() => _client.EstimateStopCopyBytes();

    /// <inheritdoc/>
    public int ReadState(Span<byte> buffer) => _client.ReadMigrationData(buffer);

    /// <inheritdoc/>
    public void WriteState(ReadOnlySpan<byte> data) => _client.WriteMigrationData(data);

    /// <inheritdoc/>
    /// <remarks>The guest's program looks at completions by itself: the device is told to signal nobody, which saves it the call.</remarks>
    public ulong? CountInterrupts() => null;

    /// <inheritdoc/>
    public IEnumerable<IDirtyTracker> CreateTrackers(DmaSource source)
    {
        if (Mediated is { } memory)
        {
            yield return new MediatedTracker(memory, source);
        }

        if (DeviceTracker.TryCreate(_client, source, null, out var log))
        {
            yield return Iommu is null ? log : Iommu.Tracker = new TranslatedTracker(log, Iommu.Space);
        }

        // The device's mappings of guest memory come and go where the guest says what they are; a page table is watched as it is at the start.
        foreach (var mode in Iommu is null ? Enum.GetValues<IoTableMode>() : [])
        {
            if (IoTableTracker.TryCreate(_client, source, mode, out var table))
            {
                yield return table;
            }
        }
    }

    /// <inheritdoc/>
    public string? WhyNoTracker(string name) => name switch
    {
        DeviceTracker.TrackerName => DeviceTracker.NoLog,
        MediatedTracker.TrackerName => MediatedTracker.NotMediated,
        IoTableTracker.TrackerName or IoTableTracker.FaultsName when Iommu is not null =>
            "it is behind a virtual IOMMU, and what its process maps changes all the time; its own log or dma = \"mediated\" can follow that",
        IoTableTracker.TrackerName => IoTableTracker.NotShared,
        IoTableTracker.FaultsName => "it does not share its page table (--page-table of ferry device lets it), or its process may not have the kernel's writes wait, "
            + $"for which it needs {UserfaultAbilities.HoldingNeeds}",
        "vfio-device" or "iommufd" or "type1" => "it is a vfio-user device, and no device of the kernel's",
        _ => null,
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapped.ForEach(region => region.Dispose());
        _client.Dispose();
    }
}
