using System.Buffers.Binary;
using System.Diagnostics;
using Ferry.Devices.Hosting;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.VfioUser.Client;
using Ferry.VfioUser.Tracking;

namespace Ferry.Benchmarks.Tracking;

/// <summary>A writer in a process of its own behind a socket, with guest memory mapped for it: shared, or by messages.</summary>
internal sealed class ServedWriter : IDisposable
{
    /// <summary>The argument of this program that makes it the writer's process; the socket's path follows.</summary>
    public const string Verb = "serve-writer";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ferry-bench-");
    private readonly Process _process;
    private readonly GuestMemoryFile _memory;
    private readonly VfioUserClient _client;

    /// <param name="memoryBytes">The guest memory; none of it is touched.</param>
    /// <param name="provider">The name of the tracker.</param>
    public ServedWriter(ulong memoryBytes, string provider)
    {
        var socket = Path.Combine(_folder.FullName, "writer.sock");
        _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, [Verb, socket]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _process.StandardOutput.ReadLine();
        _memory = GuestMemoryFile.Create([(new Gpa(0), memoryBytes)]);
        var mediated = provider == MediatedTracker.TrackerName ? new MediatedMemory(_memory.Memory) : null;
        _client = VfioUserClient.Connect(socket, new VfioUserClientOptions { DmaHandler = mediated });
        Range = _memory.Memory.Regions[0].Range;
        _client.MapDma(Range, 0, read: true, write: true, mediated is null ? _memory.Handle : null);
        Tracker = TryCreate(provider, mediated);
    }

    /// <summary>The tracker, or null where this host has none of that name.</summary>
    public IDirtyTracker? Tracker { get; }

    public IovaRange Range { get; }

    /// <summary>The pages that it wrote all over so far.</summary>
    public ulong Written
    {
        get
        {
            Span<byte> bytes = stackalloc byte[sizeof(ulong)];
            _client.RegionRead(0, WriterDevice.WrittenRegister, bytes);
            return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
    }

    /// <summary>Serves a writer at <paramref name="socket"/> until standard input is closed.</summary>
    public static int Serve(string socket)
    {
        using var stop = new CancellationTokenSource();
        using var device = new WriterDevice();
        var server = new Thread(() => DeviceHost.Run(device, socket, stop.Token, onListening: () => Console.WriteLine("ready"))) { IsBackground = true };
        server.Start();
        Console.In.ReadToEnd();
        stop.Cancel();
        server.Join();
        return 0;
    }

    /// <summary>Writes every page of <paramref name="stride"/> once, <paramref name="count"/> of them.</summary>
    public void Write(ulong count, ulong stride)
    {
        Set(WriterDevice.StrideRegister, stride);
        Set(WriterDevice.CountRegister, count);
    }

    /// <summary>Writes a page of a random place within so many bytes, over and over; 0 for none.</summary>
    public void WriteAllOver(ulong workingSetBytes) => Set(WriterDevice.WorkingSetRegister, workingSetBytes);

    public void Dispose()
    {
        WriteAllOver(0);
        Tracker?.Dispose();
        _client.Dispose();
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        _memory.Dispose();
        _folder.Delete(recursive: true);
    }

    private IDirtyTracker? TryCreate(string provider, MediatedMemory? mediated)
    {
        var source = new DmaSource("writer");
        return provider switch
        {
            MediatedTracker.TrackerName => new MediatedTracker(mediated!, source),
            IoTableTracker.TrackerName => IoTableTracker.TryCreate(_client, source, IoTableMode.Scans, out var table) ? table : null,
            IoTableTracker.FaultsName => IoTableTracker.TryCreate(_client, source, IoTableMode.Faults, out var faults) ? faults : null,
            _ => DeviceTracker.TryCreate(_client, source, null, out var log) ? log : null,
        };
    }

    private void Set(ulong register, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _client.RegionWrite(0, register, bytes);
    }
}
