using Ferry.Machine.Devices;
using Ferry.Machine.Vcpus;
using Ferry.Tracking;

namespace Ferry.Machine.Accelerators;

/// <summary>What runs a machine's vCPUs: the part of a machine that differs between KVM and host threads.</summary>
internal abstract class Accelerator : IDisposable
{
    /// <summary>Which it is.</summary>
    public abstract AcceleratorKind Kind { get; }

    /// <summary>The program as it has to lie in guest memory, or null where it runs from elsewhere.</summary>
    public abstract byte[]? GuestCode { get; }

    /// <summary>The vCPUs; no thread runs them any more when the accelerator is disposed.</summary>
    public abstract IReadOnlyList<Vcpu> Vcpus { get; }

    /// <summary>The tracker of the vCPUs' writes, or null where this host has none.</summary>
    public abstract IDirtyTracker? Tracker { get; }

    /// <summary>Why <see cref="Tracker"/> is null.</summary>
    public abstract string? TrackerProblem { get; }

    /// <summary>The machine's clock in nanoseconds; set while all vCPUs are parked.</summary>
    public abstract ulong Clock { get; set; }

    /// <summary>Lets the guest reach what is mapped of a device without an exit, or takes it away.</summary>
    /// <param name="device">The device.</param>
    /// <param name="vcpu">The vCPU that drives it; null for none.</param>
    /// <param name="isShown">False to take it away, which is for what <see cref="AttachedDevice.HidesMappedWhenStopped"/>; then accesses are trapped.</param>
    public abstract void ShowMapped(AttachedDevice device, int? vcpu, bool isShown);

    /// <summary>Makes room in the dirty rings.</summary>
    /// <returns>Whether there was anything to take.</returns>
    public abstract bool HarvestDirtyRings();

    /// <summary>A vCPU begins a turn; on its thread.</summary>
    public abstract void OnTurn();

    /// <inheritdoc/>
    public abstract void Dispose();
}
