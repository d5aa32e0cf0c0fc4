using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Ferry.Cli.Control;
using Ferry.Cli.Documents;
using Ferry.Cli.MachineFiles;
using Ferry.Cli.Values;
using Ferry.Linux.Memory;
using Ferry.Machine;
using Ferry.Machine.Devices;
using Ferry.Memory;
using Ferry.Migration.Contracts;

namespace Ferry.Cli.Hosting;

/// <summary>A machine of Ferry.Machine, as the engine and the process that holds it see it.</summary>
internal sealed class RealMachine : IHostedMachine, IMigratableMachine
{
    private static readonly TimeSpan LongestSelfCheck = TimeSpan.FromMinutes(5);

    private readonly GuestMachine _machine;
    private readonly MachineFile _file;

    private RealMachine(MachineFile file, GuestMachine machine)
    {
        (_file, _machine) = (file, machine);
        Devices = [.. machine.Devices.Select(device => new EngineDevice(device))];
    }

    /// <inheritdoc/>
    public IMigratableMachine Machine => this;

    /// <inheritdoc/>
    public string? Failure => _machine.GetProgress().Fault;

    /// <inheritdoc/>
    public string Name => _file.Name;

    /// <inheritdoc/>
    public string Accelerator => _machine.Accelerator == AcceleratorKind.Kvm ? "kvm" : "thread";

    /// <inheritdoc/>
    public int VcpuCount => _machine.Options.VcpuCount;

    /// <inheritdoc/>
    public uint VcpuStateVersion => GuestMachine.VcpuStateVersion;

    /// <inheritdoc/>
    public GuestMemory Memory => _machine.Memory;

    /// <inheritdoc/>
    public IReadOnlyList<IMigratableDevice> Devices { get; private set; }

    /// <summary>Makes the machine of a file and attaches its devices. Its memory is not touched, and its vCPUs stand still.</summary>
    /// <exception cref="MachineException">It can't be made.</exception>
    /// <exception cref="IOException">A device can't be reached, or a kernel call failed.</exception>
    public static RealMachine Create(MachineFile file) => new(file, GuestMachine.Create(ToOptions(file)));

    /// <summary>Populates and fills memory and loads the program, for a machine that starts here.</summary>
    public void Prepare(Action<string> say, CancellationToken cancellation)
    {
        var threads = Environment.ProcessorCount;
        if (_file.Populate)
        {
            Timed($"memory of {SizeText.ForPeople(_file.MemoryBytes)} populated", () => _machine.PopulateAll(threads, null, cancellation), say);
        }

        if (_file.Fill.RandomBytes > 0)
        {
            Timed("memory filled", () => _machine.Fill(_file.Fill.RandomBytes, threads, null, cancellation), say);
        }

        _machine.LoadProgram();
    }

    /// <inheritdoc/>
    public GuestStatus ReadGuest()
    {
        var progress = _machine.GetProgress();
        return new GuestStatus(progress.Transfers, progress.Messages, progress.Errors, progress.LastError);
    }

    /// <inheritdoc/>
    public async Task<SelfCheckDocument> SelfCheckAsync(CancellationToken cancellation)
    {
        var began = Stopwatch.GetTimestamp();
        var result = await Task.Run(() => _machine.SelfCheck(LongestSelfCheck, cancellation), cancellation).ConfigureAwait(false);
        var error = result.Completed ? result.LastError : _machine.GetProgress().Fault ?? $"it did not end within {LongestSelfCheck.TotalMinutes} minutes";
        return new SelfCheckDocument(
            result.Passed, result.Pages, result.Messages, Math.Max(result.Errors, result.ErrorsSinceStart), error, Stopwatch.GetElapsedTime(began).TotalSeconds);
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ReachOf(string device) => Find(device).Device.Peer is { } peer ? [peer] : [];

    /// <inheritdoc/>
    public bool Attach(DeviceSettings device)
    {
        var isDriven = _machine.AttachDevice(ToDevice(device));
        Devices = [.. Devices, new EngineDevice(_machine.Devices[^1])];
        return isDriven;
    }

    /// <inheritdoc/>
    public KernelStatus? ReadKernel(string device) => Find(device) is { Device.Vfio: { } vfio } found
        ? new KernelStatus(
            vfio.Address,
            $"{vfio.Space.ToString().ToLowerInvariant()} {vfio.SpaceName}",
            [.. found.Windows.Select(window => new RegionStatus(window.Region, window.Address, window.LengthBytes, window.MappedBytes))],
            found.CountInterrupts())
        : null;

    /// <inheritdoc/>
    public RegisterDocument AccessRegister(RegisterRequest request)
    {
        var device = _machine.Devices.FirstOrDefault(each => each.Device.Id == request.Device)
            ?? throw new MachineException($"there is no device '{request.Device}'; {NearestName.Suggest(request.Device, [.. _machine.Devices.Select(each => each.Device.Id)])}");
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, request.Value ?? 0);
        if (request.Value is null)
        {
            device.ReadRegion(request.Region, request.Offset, bytes[..request.Bytes]);
        }
        else
        {
            device.WriteRegion(request.Region, request.Offset, bytes[..request.Bytes]);
        }

        return new RegisterDocument(request.Device, request.Region, request.Offset, request.Bytes, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }

    /// <inheritdoc/>
    public IommuStatus? ReadIommu(string device) => Find(device).Iommu is { } iommu
        ? new IommuStatus(iommu.MappingCount, iommu.Changes)
        : null;

    /// <inheritdoc/>
    public bool? ReadsFault(string device) => Find(device).ReadsFault();

    /// <inheritdoc/>
    public TrackerSelection SelectTrackers(MigrateRequest request) => TrackerSelection.Of(_machine, request);

    /// <inheritdoc/>
    public PopulatedRanges FindPopulated() => _machine.FindPopulated();

    /// <inheritdoc/>
    public void Populate(IovaRange range) => _machine.Populate(range);

    /// <inheritdoc/>
    public void PauseVcpus() => _machine.PauseVcpus();

    /// <inheritdoc/>
    public void ResumeVcpus() => _machine.ResumeVcpus();

    /// <inheritdoc/>
    public void ThrottleVcpus(int percent) => _machine.ThrottleVcpus(percent);

    /// <inheritdoc/>
    public void SaveVcpus(IBufferWriter<byte> state) => _machine.SaveVcpus(state);

    /// <inheritdoc/>
    public void SaveAhead(IBufferWriter<byte> state) => _machine.SaveAhead(state);

    /// <inheritdoc/>
    public void LoadAhead(ReadOnlySpan<byte> state) => _machine.LoadAhead(state);

    /// <inheritdoc/>
    public void LoadVcpus(ReadOnlySpan<byte> state) => _machine.LoadVcpus(state);

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    private AttachedDevice Find(string device) => _machine.Devices.First(each => each.Device.Id == device);

    private static MachineOptions ToOptions(MachineFile file) => new()
    {
        Name = file.Name,
        MemoryBytes = file.MemoryBytes,
        VcpuCount = file.VcpuCount,
        HugePageSize = file.HugePages ? PageSize.Size2M : null,
        Accelerator = file.Accelerator switch
        {
            AcceleratorChoice.Kvm => AcceleratorKind.Kvm,
            AcceleratorChoice.Thread => AcceleratorKind.Thread,
            _ => null,
        },
        Tracking = file.VcpuTracker == "kvm-ring" ? VcpuTracking.Ring : VcpuTracking.Log,
        WorkingSetBytes = file.Ledger.WorkingSetBytes,
        DirtyBytesPerSecond = RateText.ToLimit(file.Ledger.DirtyRateBytesPerSecond),
        NicWorkingSetBytes = file.Ledger.NicWorkingSetBytes,
        CheckStrideBytes = file.Ledger.CheckStrideBytes,
        Seed = file.Ledger.Seed,
        Devices = [.. file.Devices.Select(ToDevice)],
    };

    private static MachineDevice ToDevice(DeviceSettings device) => new(device.Id, device.Kind, device.Socket)
    {
        Vfio = device.Vfio,
        Peer = device.Peer,
        Iommu = device.Iommu,
        Dma = device.Dma == DeviceSettings.MediatedDma ? DeviceDma.Mediated : DeviceDma.Shared,
    };

    private static void Timed(string what, Action action, Action<string> say)
    {
        var began = Stopwatch.GetTimestamp();
        action();
        say($"{what} in {DurationText.ForPeople(Stopwatch.GetElapsedTime(began).TotalSeconds)}");
    }
}
