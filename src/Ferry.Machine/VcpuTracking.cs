namespace Ferry.Machine;

/// <summary>Which tracker of vCPU writes a KVM machine is created for; the kernel has it decided before the first vCPU.</summary>
public enum VcpuTracking
{
    /// <summary>The dirty log, with manual protection.</summary>
    Log,

    /// <summary>Dirty rings.</summary>
    Ring,
}
