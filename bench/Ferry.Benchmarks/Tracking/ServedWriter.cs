using Ferry.Devices.Hosting;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.Benchmarks.Tracking;

/// <summary>A writer behind a real socket, with guest memory mapped for it: shared, or by messages.</summary>
internal sealed class ServedWriter : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-bench-");
    private readonly CancellationTokenSource _stop = new();
    private readonly GuestMemoryFile _memory;
    private readonly Thread _server;
    private readonly VfioUserClient _client;

    public ServedWriter(ulong memoryBytes, bool isMediated)
    {
        var socket = Path.Combine(_folder.FullName, "writer.sock");
        using var listening = new ManualResetEventSlim();
        _server = new Thread(() => DeviceHost.Run(Device, socket, _stop.Token, onListening: listening.Set)) { IsBackground = true };
        _server.Start();
        listening.Wait();
        _memory = GuestMemoryFile.Create([(new Gpa(0), memoryBytes)]);
        var mediated = new MediatedMemory(_memory.Memory);
        _client = VfioUserClient.Connect(socket, new VfioUserClientOptions { DmaHandler = isMediated ? mediated : null });
        Range = _memory.Memory.Regions[0].Range;
        _client.MapDma(Range, 0, read: true, write: true, isMediated ? null : _memory.Handle);
        Tracker = isMediated
            ? new MediatedTracker(mediated, new DmaSource("writer"))
            : DeviceTracker.TryCreate(_client, new DmaSource("writer"), null, out var log) ? log : throw new InvalidOperationException("It logs no DMA.");
    }

    public WriterDevice Device { get; } = new();

    public IDirtyTracker Tracker { get; }

    public IovaRange Range { get; }

    public void Dispose()
    {
        Device.WriteAllOver(0);
        Tracker.Dispose();
        _client.Dispose();
        _stop.Cancel();
        _server.Join();
        Device.Dispose();
        _memory.Dispose();
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }
}
