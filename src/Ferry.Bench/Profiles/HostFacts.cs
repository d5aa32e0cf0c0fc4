namespace Ferry.Bench.Profiles;

/// <summary>The host that a profile was measured on.</summary>
public sealed record HostFacts
{
    /// <summary>64 lower-case hexadecimal digits that stay the same as long as the hardware and the kernel do; see <see cref="HostReader"/>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The kernel's release, as <c>uname -r</c> prints it.</summary>
    public required string Kernel { get; init; }

    /// <summary>The processor's model name.</summary>
    public required string CpuModel { get; init; }

    /// <summary>Processors that this process may use, at least 1.</summary>
    public required int Cores { get; init; }

    /// <summary>Memory in bytes, at least 1.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>What runs vCPUs: <c>kvm</c> or <c>thread</c>.</summary>
    public required string Accelerator { get; init; }
}
