using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.Bench.Measuring;

/// <summary>A device over its socket, with memory that is there and mapped for it: shared, or by messages. All its trackers can be started one after the other.</summary>
internal sealed class DeviceSession : IDeviceSession
{
    private static readonly DmaSource Source = new("device");

    private readonly IBenchDevice _device;
    private readonly GuestMemoryFile _memory;
    private readonly VfioUserClient _client;
    private readonly List<IDirtyTracker> _trackers = [];

    private DeviceSession(IBenchDevice device, GuestMemoryFile memory, VfioUserClient client, MediatedMemory? mediated)
    {
        (_device, _memory, _client) = (device, memory, client);
        foreach (var region in memory.Memory.Regions)
        {
            client.MapDma(region.Range, region.FileOffsetBytes, read: true, write: true, mediated is null ? memory.Handle : null);
        }

        if (mediated is not null)
        {
            _trackers.Add(new MediatedTracker(mediated, Source));
        }
        else
        {
            AddOwnTrackers();
        }

        Driver = RnicDriver.TryCreate(client, memory.Memory, memory.Memory.Regions[1].Start);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IDirtyTracker> Trackers => _trackers;

    /// <inheritdoc/>
    public RnicDriver? Driver { get; }

    /// <inheritdoc/>
    public bool HasP2P => _client.GetMigrationFlags().HasFlag(VfioMigrationFlags.P2P);

    /// <inheritdoc/>
    public string? DescribeLoss() => _client.IsConnected ? null : _device.DescribeEnd() ?? $"{_client.Peer} has gone.";

    /// <summary>Connects to a device, which is this object's then.</summary>
    /// <exception cref="IOException">It can't be reached, or refuses.</exception>
    internal static DeviceSession Open(IBenchDevice device, ulong memoryBytes, bool isMediated)
    {
        GuestMemoryFile? memory = null;
        VfioUserClient? client = null;
        try
        {
            // Apart from each other, so that no page of what is tracked holds a ring.
            memory = GuestMemoryFile.Create([(new(0), memoryBytes), (new(memoryBytes + (1UL << 30)), RnicDriver.RingBytes)]);
            memory.PopulateAll(Environment.ProcessorCount, null, CancellationToken.None);
            var mediated = isMediated ? new MediatedMemory(memory.Memory) : null;
            client = VfioUserClient.Connect(device.SocketPath, new VfioUserClientOptions { DmaHandler = mediated });
            return new(device, memory, client, mediated);
        }
        catch (Exception e)
        {
            var end = device.DescribeEnd();
            client?.Dispose();
            memory?.Dispose();
            device.Dispose();
            if (e is IOException && end is not null)
            {
                throw new IOException($"{e.Message} {end}", e);
            }

            throw;
        }
    }

    /// <summary>The first so many bytes of memory in so many ranges of whole pages.</summary>
    internal static IReadOnlyList<IovaRange> Cut(ulong memoryBytes, int count, ulong pageSizeBytes)
    {
        var pages = memoryBytes / pageSizeBytes;
        var each = Math.Max(1, pages / (ulong)count);
        return [.. Enumerable.Range(0, (int)Math.Min((ulong)count, pages)).Select(i =>
            new IovaRange(new((ulong)i * each * pageSizeBytes), (i == count - 1 ? pages - ((ulong)i * each) : each) * pageSizeBytes))];
    }

    /// <inheritdoc/>
    public void SetP2P(bool isOn) => _client.SetState(isOn ? VfioDeviceState.RunningP2P : VfioDeviceState.Running);

    /// <inheritdoc/>
    public void Dispose()
    {
        Driver?.Dispose();
        foreach (var tracker in _trackers)
        {
            tracker.Dispose();
        }

        _client.Dispose();
        _device.Dispose();
        _memory.Dispose();
    }

    private void AddOwnTrackers()
    {
        if (DeviceTracker.TryCreate(_client, Source, null, out var log))
        {
            _trackers.Add(log);
        }

        foreach (var mode in Enum.GetValues<IoTableMode>())
        {
            if (IoTableTracker.TryCreate(_client, Source, mode, out var table))
            {
                _trackers.Add(table);
            }
        }

        _trackers.Add(new AllTracker());
    }
}
