using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Ferry.Linux.Memory;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Migration.Tests.Engine;

/// <summary>Real memory on a memory file, and a host thread in place of vCPUs that writes it and marks what it wrote.</summary>
internal sealed class FakeMachine : IMigratableMachine, IDisposable
{
    private readonly GuestMemoryFile _file;
    private readonly Thread? _vcpu;
    private readonly Lock _gate = new();
    private volatile bool _isEnding;
    private volatile bool _isPaused;
    private long _steps;

    public FakeMachine(IReadOnlyList<(Gpa Start, ulong LengthBytes)> layout, bool runs, int workingSetPages = 0, params IMigratableDevice[] devices)
    {
        _file = GuestMemoryFile.Create(layout);
        Devices = devices;
        _isPaused = !runs;
        IsRunning = runs;
        WorkingSetPages = workingSetPages;
        if (workingSetPages > 0)
        {
            _vcpu = new Thread(RunGuest) { IsBackground = true };
            _vcpu.Start();
        }
    }

    public string Name { get; init; } = "fake";

    public string Accelerator { get; init; } = "thread";

    public int VcpuCount { get; init; } = 1;

    public uint VcpuStateVersion { get; init; } = 1;

    public GuestMemory Memory => _file.Memory;

    public IReadOnlyList<IMigratableDevice> Devices { get; }

    public int WorkingSetPages { get; }

    public TimeSpan PausePerWrite { get; init; } = TimeSpan.FromMicroseconds(20);

    public Action<Gpa>? Written { get; set; }

    public bool IsRunning { get; private set; }

    public int Resumes { get; private set; }

    public int Throttle { get; private set; }

    public long Steps => Volatile.Read(ref _steps);

    public Action? OnPause { get; set; }

    public Action? OnResume { get; set; }

    public Action? OnSave { get; set; }

    public Action? OnPopulate { get; set; }

    public Func<byte[], byte[]>? OnLoad { get; set; }

    public PopulatedRanges FindPopulated() => _file.FindPopulated();

    public void Populate(IovaRange range)
    {
        OnPopulate?.Invoke();
        _file.Populate(range);
    }

    public void PauseVcpus()
    {
        OnPause?.Invoke();
        lock (_gate)
        {
            _isPaused = true;
            IsRunning = false;
        }
    }

    public void ResumeVcpus()
    {
        OnResume?.Invoke();
        lock (_gate)
        {
            Resumes += IsRunning ? 0 : 1;
            IsRunning = true;
            _isPaused = false;
        }
    }

    public void ThrottleVcpus(int percent) => Throttle = percent;

    public void SaveVcpus(IBufferWriter<byte> state)
    {
        OnSave?.Invoke();
        BinaryPrimitives.WriteInt64LittleEndian(state.GetSpan(16), Steps);
        BinaryPrimitives.WriteInt64LittleEndian(state.GetSpan(16)[8..], ~Steps);
        state.Advance(16);
    }

    /// <summary>What the source saves ahead, each time; none where null.</summary>
    public Func<byte[]>? OnSaveAhead { get; set; }

    /// <summary>What the destination was given ahead.</summary>
    public List<byte[]> LoadedAhead { get; } = [];

    public void SaveAhead(IBufferWriter<byte> state) => state.Write(OnSaveAhead?.Invoke() ?? []);

    public void LoadAhead(ReadOnlySpan<byte> state)
    {
        if (IsRunning || state is [0xBA, 0xD0, ..])
        {
            throw new InvalidDataException("That is nothing to load ahead.");
        }

        LoadedAhead.Add(state.ToArray());
    }

    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
        if (OnLoad is not null)
        {
            state = OnLoad(state.ToArray());
        }

        if (state.Length != 16 || BinaryPrimitives.ReadInt64LittleEndian(state) != ~BinaryPrimitives.ReadInt64LittleEndian(state[8..]))
        {
            throw new InvalidDataException("That is no state of this machine.");
        }

        Volatile.Write(ref _steps, BinaryPrimitives.ReadInt64LittleEndian(state));
    }

    /// <summary>Fills a page so that it tells its number.</summary>
    public void Fill(Gpa address, int seed) => new Random(seed).NextBytes(Memory.GetSpan(address, 4096));

    /// <summary>Writes a page as the guest would.</summary>
    public void Write(Gpa address, ulong value)
    {
        MemoryMarshal.Write(Memory.GetSpan(address, 8), in value);
        Written?.Invoke(address);
    }

    public void Dispose()
    {
        _isEnding = true;
        _vcpu?.Join();
        _file.Dispose();
    }

    private void RunGuest()
    {
        var random = new Random(1);
        var region = Memory.Regions[0];
        while (!_isEnding)
        {
            var isStep = false;
            lock (_gate)
            {
                if (!_isPaused)
                {
                    var page = (ulong)random.Next(WorkingSetPages);
                    Write(new Gpa(region.Start.Value + (page * 4096) + ((ulong)random.Next(512) * 8)), (ulong)random.NextInt64());
                    Volatile.Write(ref _steps, _steps + 1);
                    isStep = true;
                }
            }

            Thread.Sleep(isStep ? PausePerWrite : TimeSpan.FromMilliseconds(1));
        }
    }
}
