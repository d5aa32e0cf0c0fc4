using Ferry.Linux.Kvm;
using Ferry.Tracking.Providers;

namespace Ferry.Tracking.Probing;

/// <summary>The real KVM.</summary>
internal sealed class ProbedKvm(KvmSystem system) : IProbedKvm
{
    /// <inheritdoc/>
    public int MemorySlots => system.Check(KvmCapability.MemorySlots);

    /// <inheritdoc/>
    public bool HasOrderedRings => system.Check(KvmCapability.DirtyLogRingAcquireRelease) > 0;

    /// <inheritdoc/>
    public Obstacle? TryLog()
    {
        using var vm = system.CreateVm();
        return KvmLogTracker.TryEnable(vm, out var reason) ? null : Obstacle.Of(reason, 0);
    }

    /// <inheritdoc/>
    public Obstacle? TryRing(out int maxEntries)
    {
        using var vm = system.CreateVm();
        maxEntries = vm.MaxDirtyRingEntries;
        return KvmRingTracker.TryEnable(vm, KvmRingTracker.UsualEntries, out var reason) ? null : Obstacle.Of(reason, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => system.Dispose();
}
