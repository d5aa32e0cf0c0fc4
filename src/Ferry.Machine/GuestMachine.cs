using System.Buffers;
using System.Diagnostics;
using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Machine.Accelerators;
using Ferry.Machine.Devices;
using Ferry.Machine.Devices.Kernel;
using Ferry.Machine.Iommu;
using Ferry.Machine.Programs;
using Ferry.Machine.State;
using Ferry.Machine.Vcpus;
using Ferry.Memory;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine;

/// <summary>A machine: guest memory, vCPUs that run the ledger, and devices, which are processes or the kernel's.</summary>
/// <remarks>It is created paused. A source then gets its program (<see cref="LoadProgram"/>) and runs; a destination gets memory and state.
/// Pause, resume, save and load come from one thread at a time; progress may be read from any.</remarks>
public sealed class GuestMachine : IDisposable
{
    private static readonly TimeSpan LookForHeldAccesses = TimeSpan.FromMilliseconds(10);

    private readonly GuestMemoryFile _memory;
    private readonly Accelerator _accelerator;
    private readonly KernelSpaces _kernel;
    private readonly GuestBus _bus = new();
    private AttachedDevice[] _devices = [];
    private IDirtyTracker[] _trackers = [];
    private DeviceIommu[] _iommus = [];
    private readonly LedgerLayout _layout;
    private readonly VcpuHost _host;
    private readonly VcpuRunner[] _runners;

    private GuestMachine(MachineOptions options, GuestMemoryFile memory, Accelerator accelerator)
    {
        (Options, _memory, _accelerator, _kernel) = (options, memory, accelerator, new(memory));
        try
        {
            foreach (var device in options.Devices)
            {
                _devices = [.. _devices, AttachedDevice.Attach(device, _devices.Length, _bus, Reach(device))];
                Show(_devices[^1], DriverOf(_devices[^1], options));
            }

            foreach (var device in _devices.Where(device => device.Device.Peer is not null))
            {
                device.MapMailboxOf(PeerOf(device)!);
            }

            _iommus = IommusOf(_devices);
            var driven = _devices.Where(device => DriverOf(device, options) is not null).Select(device => (device.MessageBytes, device.Iommu is not null)).ToArray();
            _layout = LedgerLayout.TryCreate(options, driven, out var problem) ?? throw new MachineException(problem!);
            _trackers = accelerator.Tracker is { } tracker ? [tracker] : [];
            foreach (var device in _devices)
            {
                _trackers = [.. _trackers, .. device.CreateTrackers()];
            }

            // Those of whole address spaces once all are in them; what tracks anything is the last choice.
            _trackers = [.. _trackers, .. _kernel.CreateTrackers(), new AllTracker()];
            _host = new VcpuHost(memory.Memory, _devices, accelerator);
            VcpuStateFormat.Rehearse(accelerator.Vcpus, accelerator.Kind);
            _runners = [.. accelerator.Vcpus.Select((vcpu, index) => new VcpuRunner(index, vcpu, _host, TransfersPerSecond(options)))];
        }
        catch
        {
            DisposeParts();
            throw;
        }
    }

    /// <summary>What it is.</summary>
    public MachineOptions Options { get; private set; }

    /// <summary>What runs it.</summary>
    public AcceleratorKind Accelerator => _accelerator.Kind;

    /// <summary>The version of the vCPU state's encoding.</summary>
    public static uint VcpuStateVersion => VcpuStateFormat.Version;

    /// <summary>All guest memory.</summary>
    public GuestMemory Memory => _memory.Memory;

    /// <summary>The devices, in order.</summary>
    public IReadOnlyList<AttachedDevice> Devices => _devices;

    /// <summary>The trackers that this machine has: of its vCPUs, of each device as far as it has some, of the address spaces of kernel devices, and <c>all</c>.</summary>
    public IReadOnlyList<IDirtyTracker> Trackers => _trackers;

    /// <summary>Why there is no tracker of the vCPUs' writes, or null where there is one.</summary>
    public string? VcpuTrackerProblem => _accelerator.TrackerProblem;

    /// <summary>Whether the vCPUs are meant to run.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>How long the last pause took, from the request until no vCPU executed.</summary>
    public TimeSpan LastPauseDuration { get; private set; }

    /// <summary>Makes a machine, attaches its devices, and leaves it paused.</summary>
    /// <exception cref="MachineException">The options are not valid, a device is not what they say, or KVM was asked for and can't be used.</exception>
    /// <exception cref="IOException">A kernel call failed or a device can't be reached.</exception>
    public static GuestMachine Create(MachineOptions options)
    {
        if (options.Validate() is [var problem, ..])
        {
            throw new MachineException(problem);
        }

        KvmSystem? kvm = null;
        if (options.Accelerator != AcceleratorKind.Thread && !KvmSystem.TryOpen(out kvm, out var reason) && options.Accelerator == AcceleratorKind.Kvm)
        {
            throw new MachineException($"accelerator kvm: {reason}");
        }

        GuestMemoryFile? memory = null;
        try
        {
            memory = GuestMemoryFile.Create(GuestLayout.Of(options.MemoryBytes, options.HugePageSize ?? PageSize.Size2M), options.HugePageSize);
            return new(options, memory, kvm is not null ? new KvmAccelerator(kvm, options, memory) : new ThreadAccelerator(options, memory));
        }
        catch
        {
            memory?.Dispose();
            kvm?.Dispose();
            throw;
        }
    }

    /// <summary>Writes the program and its fresh data into guest memory and puts every vCPU at its start; before the first resume, and once.</summary>
    public void LoadProgram()
    {
        _memory.Populate(new(new(_layout.Pages), _layout.PageCount * LedgerPage.Bytes));
        LedgerImage.Write(Memory, Options, _layout, _accelerator.GuestCode, [.. _devices.Where(device => device.IsRnic).Select(device => AddressesOf(device, Options))]);
        for (var vcpu = 0; vcpu < _runners.Length; vcpu++)
        {
            _runners[vcpu].Vcpu.Boot(LedgerLayout.ControlBlockOf(vcpu));
        }
    }

    /// <summary>Attaches one more device to a machine that runs or is paused. The vCPU of its number finds it, where it has one.</summary>
    /// <param name="device">The device; its process listens already. Its peer has to be attached.</param>
    /// <returns>Whether a vCPU's program drives it.</returns>
    /// <exception cref="MachineException">The machine can't have it: its id is taken, there are too many, it is not what it is said to be, its
    /// rings don't fit, or a vCPU can't be stopped. The machine goes on as before.</exception>
    /// <exception cref="IOException">It can't be reached, or a kernel call failed. The machine goes on as before.</exception>
    /// <remarks>Not while a migration is under way: its destination is made of the devices that there were. Devices are connected to while
    /// vCPUs run, which then stand still for as long as it takes to tell the program.</remarks>
    public bool AttachDevice(MachineDevice device)
    {
        var options = Options with { Devices = [.. Options.Devices, device] };
        if (options.Validate() is [var problem, ..])
        {
            throw new MachineException(problem);
        }

        if (device.Vfio is not null)
        {
            // A tracker of a whole address space has to know all devices in it from its beginning.
            throw new MachineException($"device {device.Id}: a device of the kernel's is attached when a machine is made; name it in the machine's file.");
        }

        var attached = AttachedDevice.Attach(device, _devices.Length, _bus, Reach(device));
        List<IDirtyTracker> trackers = [];
        try
        {
            if (PeerOf(attached) is { } peer)
            {
                attached.MapMailboxOf(peer);
            }

            trackers.AddRange(attached.CreateTrackers());
            var driver = DriverOf(attached, options);
            var isDriven = driver is not null;
            var area = isDriven
                ? LedgerLayout.TryAdd(options, Memory, attached.MessageBytes, device.Iommu, out var full) ?? throw new MachineException(full!)
                : null;
            WhilePaused(() =>
            {
                Show(attached, driver);
                if (area is not null)
                {
                    LedgerImage.AddNic(Memory, options, driver!.Value, area, AddressesOf(attached, options));
                }

                AttachedDevice[] devices = [.. _devices, attached];
                (_devices, _host.Devices, _iommus, Options) = (devices, devices, IommusOf(devices), options);
                // What tracks anything stays the last choice.
                _trackers = [.. _trackers[..^1], .. trackers, _trackers[^1]];
            });
            return isDriven;
        }
        catch
        {
            trackers.ForEach(tracker => tracker.Dispose());
            attached.Dispose();
            throw;
        }
    }

    /// <summary>Writes incompressible data into memory that the program does not use, from its end upwards.</summary>
    /// <param name="randomBytes">How much; where that is more than there is, all of it. The rest is left as it is, zero.</param>
    /// <param name="threads">How many threads.</param>
    /// <param name="progress">Called with the bytes done so far, from any of the threads; may be null.</param>
    /// <param name="cancellation">Ends it early.</param>
    public void Fill(ulong randomBytes, int threads, Action<ulong>? progress, CancellationToken cancellation) =>
        MemoryFill.Write(_memory, _layout.Free, randomBytes, Options.Seed, threads, progress, cancellation);

    /// <summary>Allocates all guest memory ahead of its first use; see <see cref="GuestMemoryFile.PopulateAll"/>.</summary>
    public void PopulateAll(int threads, Action<ulong>? progress, CancellationToken cancellation) => _memory.PopulateAll(threads, progress, cancellation);

    /// <summary>Allocates one range ahead of its first use. Thread-safe.</summary>
    public void Populate(IovaRange range) => _memory.Populate(range);

    /// <summary>The ranges of guest memory that are allocated; all else reads as zeros.</summary>
    public PopulatedRanges FindPopulated() => _memory.FindPopulated();

    /// <summary>Stops all vCPUs and returns when none executes.</summary>
    /// <exception cref="MachineException">A vCPU accesses a device that is stopped, so it can't be stopped within an instruction. Others may
    /// be stopped; <see cref="ResumeVcpus"/>, after the device runs, lets all go on.</exception>
    public void PauseVcpus()
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var runner in _runners)
        {
            runner.RequestPark();
        }

        foreach (var runner in _runners)
        {
            while (!runner.WaitParked(LookForHeldAccesses))
            {
                if (Array.Find(_devices, device => device.IsAwaited) is { } awaited)
                {
                    throw new MachineException($"device {awaited.Device.Id} is stopped, and a vCPU waits for its registers.");
                }
            }
        }

        IsRunning = false;
        LastPauseDuration = Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Lets all vCPUs run.</summary>
    public void ResumeVcpus()
    {
        IsRunning = true;
        foreach (var runner in _runners)
        {
            runner.Resume();
        }
    }

    /// <summary>Takes away <paramref name="percent"/> (0 to 99) of the vCPUs' time.</summary>
    public void ThrottleVcpus(int percent)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)percent, 99u, nameof(percent));
        foreach (var runner in _runners)
        {
            runner.Throttle(percent);
        }
    }

    /// <summary>Appends the state of virtual IOMMUs as it is now, while the guest changes it; nothing where there are none.</summary>
    public void SaveAhead(IBufferWriter<byte> state)
    {
        if (_iommus.Length > 0)
        {
            IommuStateFormat.Save([.. _iommus.Select(iommu => iommu.Save())], state);
        }
    }

    /// <summary>Loads what <see cref="SaveAhead"/> wrote, in place of what was loaded before.</summary>
    /// <exception cref="InvalidDataException">It is no such state.</exception>
    public void LoadAhead(ReadOnlySpan<byte> state)
    {
        var length = LoadIommus(state);
        if (length != state.Length)
        {
            throw new InvalidDataException($"IOMMU state: {state.Length - length} bytes more than there are IOMMUs for.");
        }
    }

    /// <summary>Appends the state of all vCPUs, which are paused, of the clock, and of virtual IOMMUs.</summary>
    public void SaveVcpus(IBufferWriter<byte> state)
    {
        SaveAhead(state);
        VcpuStateFormat.Save(_accelerator.Vcpus, Accelerator, _accelerator.Clock, state);
    }

    /// <summary>Restores what <see cref="SaveVcpus"/> wrote, in a machine that nothing but what is known ahead was loaded into.</summary>
    /// <exception cref="InvalidDataException">It is no such state; nothing was changed.</exception>
    public void LoadVcpus(ReadOnlySpan<byte> state)
    {
        try
        {
            state = state[LoadIommus(state)..];
            _accelerator.Clock = VcpuStateFormat.Load(_accelerator.Vcpus, Accelerator, state);
        }
        catch (InvalidDataException)
        {
            Array.ForEach(_iommus, iommu => iommu.Clear());
            throw;
        }
    }

    /// <summary>What the program has done so far. From any thread; disturbs nothing.</summary>
    public GuestProgress GetProgress() => _host.GetProgress(_runners.Length);

    /// <summary>Lets every vCPU's program check all it has, while the machine runs.</summary>
    /// <param name="timeout">How long to wait for the slowest.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public SelfCheckResult SelfCheck(TimeSpan timeout, CancellationToken cancellation)
    {
        _host.ExpectChecks(_runners.Length);
        foreach (var runner in _runners)
        {
            runner.RequestCheck();
        }

        var completed = _host.WaitForChecks(timeout, cancellation);
        return _host.GetCheckResult(_runners.Length, completed);
    }

    /// <summary>Ends the vCPUs, leaves the devices, and frees everything.</summary>
    public void Dispose() => DisposeParts();

    private static double? TransfersPerSecond(MachineOptions options) =>
        options.DirtyBytesPerSecond is { } rate ? rate / (2.0 * LedgerPage.Bytes) / options.VcpuCount : null;

    private int LoadIommus(ReadOnlySpan<byte> state)
    {
        if (_iommus.Length == 0)
        {
            return 0;
        }

        var states = IommuStateFormat.Read(state, _iommus.Length, out var length);
        for (var i = 0; i < _iommus.Length; i++)
        {
            _iommus[i].Load(states[i]);
        }

        return length;
    }

    private IDeviceLink Reach(MachineDevice device) => device.Vfio is null ? VfioUserLink.Connect(device, _memory) : _kernel.Attach(device);

    private LedgerImage.NicAddresses AddressesOf(AttachedDevice device, MachineOptions options) => new(
        device.RegistersAddress,
        device.DoorbellsAddress,
        PeerOf(device)?.MailboxAddress ?? 0,
        device.Iommu is null ? 0 : IommuRegisters.AddressOf(options.Devices.TakeWhile(each => each.Id != device.Device.Id).Count()));

    /// <summary>The number of the vCPU that drives a device: each drives the rnic of its number. Null where none does.</summary>
    private static int? DriverOf(AttachedDevice device, MachineOptions options) =>
        device.IsRnic && options.Devices.Where(each => each.Kind == MachineDevice.RnicKind).TakeWhile(each => each.Id != device.Device.Id).Count() is var number && number < options.VcpuCount
            ? number
            : null;

    /// <summary>Lets the guest reach what is mapped of a device, as long as that may be.</summary>
    private void Show(AttachedDevice device, int? vcpu)
    {
        _accelerator.ShowMapped(device, vcpu, isShown: true);
        if (!device.HidesMappedWhenStopped)
        {
            return;
        }

        var isShown = true;
        device.ShowMapped = show =>
        {
            // While no vCPU runs, nobody accesses it, and the machine stands still no longer for this.
            if (isShown != show && (show || IsRunning))
            {
                _accelerator.ShowMapped(device, vcpu, show);
                isShown = show;
            }
        };
    }

    private AttachedDevice? PeerOf(AttachedDevice device) => device.Device.Peer is { } id
        ? Array.Find(_devices, other => other.Device.Id == id && other != device) ?? throw new MachineException($"device {device.Device.Id}: there is no other device {id} that could be its peer.")
        : null;

    private static DeviceIommu[] IommusOf(IEnumerable<AttachedDevice> devices) => [.. devices.Select(device => device.Iommu).OfType<DeviceIommu>()];

    private void WhilePaused(Action action)
    {
        var ran = IsRunning;
        try
        {
            PauseVcpus();
            action();
        }
        finally
        {
            if (ran)
            {
                ResumeVcpus();
            }
        }
    }

    private void DisposeParts()
    {
        foreach (var device in _devices)
        {
            device.ReleaseAccesses();
        }

        foreach (var runner in _runners ?? [])
        {
            runner.Dispose();
        }

        foreach (var tracker in _trackers)
        {
            tracker.Dispose();
        }

        foreach (var device in _devices)
        {
            device.Dispose();
        }

        _kernel.Dispose();
        _host?.Dispose();
        _accelerator.Dispose();
        _memory.Dispose();
    }
}
