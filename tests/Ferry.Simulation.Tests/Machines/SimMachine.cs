using System.Buffers;
using System.Buffers.Binary;
using Ferry.Linux.Memory;
using Ferry.Linux.Vfio;
using Ferry.Memory;
using Ferry.Migration.Contracts;
using Ferry.Simulation.Tests.Scheduling;

namespace Ferry.Simulation.Tests.Machines;

/// <summary>A machine whose vCPUs and devices act whenever the world takes its turn.</summary>
internal sealed class SimMachine : IMigratableMachine, IDisposable
{
    private const int PageBytes = 4096;

    private readonly SimHost _host;
    private readonly Dice _dice;
    private readonly GuestMemoryFile _file;
    private readonly List<ulong> _pages = [];
    private readonly List<ulong> _hot = [];
    private readonly Dictionary<string, List<Action<ulong>>> _marks = [];
    private SimDevice? _heldBackBy;
    private ulong _values;
    private bool _hasStarted;

    public SimMachine(SimHost host, Dice dice, IReadOnlyList<(Gpa Start, ulong LengthBytes)> layout, int hotPages, IReadOnlyList<SimDevice> devices)
    {
        (_host, _dice) = (host, dice);
        _file = GuestMemoryFile.Create(layout);
        SimDevices = devices;
        foreach (var device in devices)
        {
            device.Machine = this;
        }

        foreach (var (start, lengthBytes) in layout)
        {
            for (ulong offset = 0; offset < lengthBytes; offset += PageBytes)
            {
                _pages.Add(start.Value + offset);
            }
        }

        for (var i = 0; i < hotPages; i++)
        {
            _hot.Add(_pages[dice.Below(_pages.Count)]);
        }
    }

    public string Name => "simulated";

    public string Accelerator => "simulated";

    public int VcpuCount => 1;

    public uint VcpuStateVersion => 1;

    public GuestMemory Memory => _file.Memory;

    public IReadOnlyList<SimDevice> SimDevices { get; }

    public IReadOnlyList<IMigratableDevice> Devices => SimDevices;

    public WriteLog Log { get; set; } = new();

    public bool VcpusRun { get; set; }

    public int Throttle { get; private set; }

    /// <summary>What a vCPU knows: how many steps it made, and a sum over them.</summary>
    public (ulong Steps, ulong Sum) Vcpu { get; private set; }

    /// <summary>Called when the first of it is about to run, on a machine that did not run.</summary>
    public Action? OnStart { get; set; }

    /// <summary>Whether any of it executes or writes.</summary>
    public bool Executes => !_host.IsDead && (VcpusRun || SimDevices.Any(static device => device.IsActive));

    /// <summary>Whether all of it runs, as before a migration.</summary>
    public bool RunsWhole => VcpusRun && SimDevices.All(static device => device is { IsActive: true, State: VfioDeviceState.Running });

    /// <summary>A call that fails, or null: its name, and which time from 1.</summary>
    public (string Call, int Time)? FailingCall { get; init; }

    /// <summary>Whether the guest uses a device that was stopped early.</summary>
    public bool UsesEarlyDevices { get; init; }

    private Dictionary<string, int> Calls { get; } = [];

    public PopulatedRanges FindPopulated()
    {
        Enter(nameof(FindPopulated));
        return _file.FindPopulated();
    }

    /// <summary>The same, for the simulation itself.</summary>
    public PopulatedRanges Populated => _file.FindPopulated();

    public void Populate(IovaRange range)
    {
        Enter(nameof(Populate));
        _file.Populate(range);
    }

    public void PauseVcpus()
    {
        Enter(nameof(PauseVcpus));
        VcpusRun = false;
    }

    public void ResumeVcpus()
    {
        Enter(nameof(ResumeVcpus));
        Starts("vcpus");
        VcpusRun = true;
    }

    public void ThrottleVcpus(int percent)
    {
        Enter(nameof(ThrottleVcpus));
        Throttle = percent;
    }

    public void SaveVcpus(IBufferWriter<byte> state)
    {
        Enter(nameof(SaveVcpus));
        var bytes = state.GetSpan(16);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Vcpu.Steps);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], Vcpu.Sum);
        state.Advance(16);
    }

    public void SaveAhead(IBufferWriter<byte> state)
    {
        Enter(nameof(SaveAhead));
        var bytes = state.GetSpan(8);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Vcpu.Steps);
        state.Advance(8);
    }

    public void LoadAhead(ReadOnlySpan<byte> state)
    {
        Enter(nameof(LoadAhead));
        _ = state.Length == 8 ? 0 : throw new InvalidDataException($"{state.Length} bytes are nothing to load ahead.");
    }

    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
        var loaded = state.Length == 16
            ? (BinaryPrimitives.ReadUInt64LittleEndian(state), BinaryPrimitives.ReadUInt64LittleEndian(state[8..]))
            : throw new InvalidDataException($"{state.Length} bytes are no state of a vCPU.");
        Enter(nameof(LoadVcpus));
        Vcpu = loaded;
    }

    /// <summary>Has <paramref name="mark"/> see the writes of a source.</summary>
    public void AddMark(string source, Action<ulong> mark)
    {
        if (!_marks.TryGetValue(source, out var marks))
        {
            _marks[source] = marks = [];
        }

        marks.Add(mark);
    }

    /// <summary>Tells the trackers of a source of a write.</summary>
    public void Mark(string source, ulong page)
    {
        if (_marks.TryGetValue(source, out var marks))
        {
            marks.ForEach(mark => mark(page));
        }
    }

    /// <summary>Before the first part of a machine runs that did not.</summary>
    public void Starts(string what)
    {
        if (!_hasStarted && OnStart is { } check)
        {
            _hasStarted = true;
            check();
        }

        _ = what;
    }

    public ulong PickPage(Dice dice) => _hot.Count > 0 && dice.Chance(80) ? _hot[dice.Below(_hot.Count)] : _pages[dice.Below(_pages.Count)];

    /// <summary>Writes a page, or some of it, and says so.</summary>
    public void Write(string writer, ulong page, Dice dice, Action<ulong> mark)
    {
        var kind = dice.Below(20);
        var (offset, value) = kind switch
        {
            0 => (-1, 0UL),
            1 => (-1, dice.Next() | 1),
            2 => (dice.Below(512) * 8, 0UL),
            _ => (dice.Below(512) * 8, (++_values << 16) | 0xbeef),
        };
        var write = new LoggedWrite(_host.Time.GetTimestamp(), writer, page, offset, value);
        Log.Add(write);
        WriteLog.Apply(write, Memory.GetSpan(new Gpa(page), PageBytes));
        mark(page);
    }

    /// <summary>Fills a page before anything begins.</summary>
    public void Fill(ulong page, ulong value)
    {
        var write = new LoggedWrite(0, "fill", page, -1, value);
        Log.Add(write);
        WriteLog.Apply(write, Memory.GetSpan(new Gpa(page), PageBytes));
    }

    public IReadOnlyList<ulong> Pages => _pages;

    /// <summary>One turn of the guest and all devices.</summary>
    public void Act()
    {
        if (_host.IsDead)
        {
            return;
        }

        ActVcpu();
        foreach (var device in SimDevices)
        {
            device.Act();
        }
    }

    public void Dispose() => _file.Dispose();

    private void ActVcpu()
    {
        if (_heldBackBy is { IsActive: true } || !VcpusRun)
        {
            _heldBackBy = null;
        }

        if (!VcpusRun || _heldBackBy is not null || _dice.Chance(Throttle) || _dice.Chance(40))
        {
            return;
        }

        for (var writes = _dice.Below(4); writes > 0; writes--)
        {
            Write("vcpus", PickPage(_dice), _dice, page => Mark("vcpus", page));
        }

        Vcpu = (Vcpu.Steps + 1, (Vcpu.Sum * 31) + _dice.Next());
        if (SimDevices.Count > 0 && _dice.Chance(20))
        {
            Access(SimDevices[_dice.Below(SimDevices.Count)]);
        }
    }

    private void Access(SimDevice device)
    {
        if (device.IsActive)
        {
            device.Change(_dice.Below(device.Content.Length), (byte)_dice.Next());
        }
        else if (device.IsEarly)
        {
            if (UsesEarlyDevices)
            {
                (_heldBackBy, device.IsAwaited) = (device, true);
            }
        }
        else if (device.State != VfioDeviceState.Error && !device.IsStuck)
        {
            throw new InvalidOperationException($"A vCPU accessed {device.Id}, which is in {device.State}.");
        }
    }

    private void Enter(string call)
    {
        _host.Scheduler.Point(call);
        var time = Calls[call] = Calls.GetValueOrDefault(call) + 1;
        if (FailingCall is { } failing && failing.Call == call && failing.Time == time)
        {
            throw new IOException($"{call} failed.");
        }

        if (call is not (nameof(FindPopulated) or nameof(Populate)))
        {
            _host.Sleep(TimeSpan.FromTicks(_dice.Below(3000)));
        }
    }
}
