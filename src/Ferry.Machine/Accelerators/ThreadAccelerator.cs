using System.Diagnostics;
using Ferry.Linux.Memory;
using Ferry.Machine.Devices;
using Ferry.Machine.Programs;
using Ferry.Machine.Vcpus;
using Ferry.Tracking;
using Ferry.Tracking.Providers;

namespace Ferry.Machine.Accelerators;

/// <summary>Runs the vCPUs as threads of this process, where KVM is missing.</summary>
internal sealed class ThreadAccelerator : Accelerator
{
    private readonly ExecutableMemory _code;
    private readonly ThreadVcpu[] _vcpus;
    private readonly long _started = Stopwatch.GetTimestamp();
    private ulong _clockOffset;

    public ThreadAccelerator(MachineOptions options, GuestMemoryFile memory)
    {
        var code = LedgerProgram.Assemble(ProgramTarget.Thread, out var entry);
        _code = new ExecutableMemory(code);
        var zero = memory.Memory.Regions[0].Host;
        _vcpus = [.. Enumerable.Range(0, options.VcpuCount).Select(_ => new ThreadVcpu(_code, (ulong)code.Length, entry, zero))];
        Tracker = ProcessTracker.TryCreate(memory.Memory, out var tracker, out var problem) ? tracker : null;
        TrackerProblem = problem;
    }

    /// <inheritdoc/>
    public override AcceleratorKind Kind => AcceleratorKind.Thread;

    /// <inheritdoc/>
    public override byte[]? GuestCode => null;

    /// <inheritdoc/>
    public override IReadOnlyList<Vcpu> Vcpus => _vcpus;

    /// <inheritdoc/>
    public override IDirtyTracker? Tracker { get; }

    /// <inheritdoc/>
    public override string? TrackerProblem { get; }

    /// <inheritdoc/>
    public override ulong Clock
    {
        get => unchecked(Elapsed + _clockOffset);
        set => _clockOffset = unchecked(value - Elapsed);
    }

    private ulong Elapsed => (ulong)Stopwatch.GetElapsedTime(_started).Ticks * 100;

    /// <inheritdoc/>
    /// <remarks>What would have to be taken away again stays trapped: the program can't be kept from a page that it knows.</remarks>
    public override void ShowMapped(AttachedDevice device, int? vcpu, bool isShown)
    {
        if (vcpu is { } driver && device is { HidesMappedWhenStopped: false, Mapped: [var (_, page)] })
        {
            _vcpus[driver].SetDoorbells(page.Address);
        }
    }

    /// <inheritdoc/>
    public override bool HarvestDirtyRings() => false;

    /// <inheritdoc/>
    public override void OnTurn()
    {
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Tracker?.Dispose();
        foreach (var vcpu in _vcpus)
        {
            vcpu.Dispose();
        }

        _code.Dispose();
    }
}
