namespace Ferry.Tracking.Probing;

/// <summary>KVM as a probe has it open. Both tries make a machine of their own, without memory or vCPUs, and end it.</summary>
internal interface IProbedKvm : IDisposable
{
    /// <summary>The number of memory slots of a machine.</summary>
    int MemorySlots { get; }

    /// <summary>Whether rings hand entries over with acquire and release.</summary>
    bool HasOrderedRings { get; }

    /// <summary>Makes a machine and enables manual protection of its dirty log; gives why that can't be, or null.</summary>
    Obstacle? TryLog();

    /// <summary>Makes a machine and enables dirty rings of the usual size; gives why that can't be, or null.</summary>
    Obstacle? TryRing(out int maxEntries);
}
