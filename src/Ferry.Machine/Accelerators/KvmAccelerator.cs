using Ferry.Linux.Kvm;
using Ferry.Linux.Memory;
using Ferry.Machine.Devices;
using Ferry.Machine.Programs;
using Ferry.Machine.Vcpus;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine.Accelerators;

/// <summary>Runs the vCPUs in KVM.</summary>
internal sealed class KvmAccelerator : Accelerator
{
    private const uint FirstDeviceSlot = 100;
    private readonly KvmSystem _system;
    private readonly KvmVm _vm;
    private readonly List<KvmGuestVcpu> _vcpus = [];
    private readonly uint _turnsPerHarvest;
    private readonly Dictionary<ulong, uint> _deviceSlots = [];
    private uint _turns;

    public KvmAccelerator(KvmSystem system, MachineOptions options, GuestMemoryFile memory)
    {
        _system = system;
        _vm = system.CreateVm();
        _turnsPerHarvest = options.TurnsPerHarvest;
        try
        {
            TrackerProblem = EnableTracking(options);
            GuestCode = LedgerProgram.Assemble(ProgramTarget.Kvm, out var entry);
            var slots = memory.Memory.Regions.Select((region, index) => new KvmSlot((uint)index, region)).ToArray();
            foreach (var slot in slots)
            {
                _vm.SetMemorySlot(slot.Slot, slot.Region.Start, slot.Region.LengthBytes, slot.Region.Host, logDirty: false);
            }

            var cpuid = system.GetSupportedCpuid();
            var msrs = system.GetMsrIndices();
            for (var index = 0; index < options.VcpuCount; index++)
            {
                _vcpus.Add(new(_vm.CreateVcpu(index), cpuid, msrs, LedgerLayout.Code + entry, LedgerLayout.PageTables));
            }

            Tracker = TrackerProblem is not null ? null
                : options.Tracking == VcpuTracking.Log ? new KvmLogTracker(_vm, slots)
                : new KvmRingTracker(_vm, [.. _vcpus.Select(vcpu => vcpu.Kvm)], slots);
        }
        catch
        {
            // The system stays the caller's where there is no accelerator.
            DisposeMachine();
            throw;
        }
    }

    /// <inheritdoc/>
    public override AcceleratorKind Kind => AcceleratorKind.Kvm;

    /// <inheritdoc/>
    public override byte[]? GuestCode { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Vcpu> Vcpus => _vcpus;

    /// <inheritdoc/>
    public override IDirtyTracker? Tracker { get; }

    /// <inheritdoc/>
    public override string? TrackerProblem { get; }

    /// <inheritdoc/>
    public override ulong Clock
    {
        get => _vm.GetClock().Clock;
        set => _vm.SetClock(value);
    }

    /// <inheritdoc/>
    public override void ShowMapped(AttachedDevice device, int? vcpu, bool isShown)
    {
        foreach (var (address, memory) in device.Mapped)
        {
            if (!_deviceSlots.TryGetValue(address, out var slot))
            {
                slot = FirstDeviceSlot + (uint)_deviceSlots.Count;
                _deviceSlots.Add(address, slot);
            }

            // A slot of its own, never logged: what lies there is the device's, not guest memory.
            _vm.SetMemorySlot(slot, new(address), isShown ? memory.LengthBytes : 0, memory.Address, logDirty: false);
        }
    }

    /// <inheritdoc/>
    public override bool HarvestDirtyRings() => Tracker is KvmRingTracker ring && ring.Harvest() > 0;

    /// <inheritdoc/>
    public override void OnTurn()
    {
        // Waiting for the ring to be full is no option where KVM emulates: it looks too late.
        if (Tracker is KvmRingTracker { IsStarted: true } ring && Interlocked.Increment(ref _turns) % _turnsPerHarvest == 0)
        {
            ring.Harvest();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        DisposeMachine();
        _system.Dispose();
    }

    private void DisposeMachine()
    {
        // The tracker of rings reads the vCPUs' rings a last time.
        Tracker?.Dispose();
        foreach (var vcpu in _vcpus)
        {
            vcpu.Dispose();
        }

        _vm.Dispose();
    }

    private string? EnableTracking(MachineOptions options)
    {
        _ = options.Tracking == VcpuTracking.Log
            ? KvmLogTracker.TryEnable(_vm, out var reason)
            : KvmRingTracker.TryEnable(_vm, options.DirtyRingEntries, out reason);
        return reason;
    }
}
