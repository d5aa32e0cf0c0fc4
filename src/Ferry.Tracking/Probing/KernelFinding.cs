namespace Ferry.Tracking.Probing;

/// <summary>The kernel.</summary>
/// <param name="Release">As <c>uname -r</c> prints it; null where it can't be read.</param>
/// <param name="Version">Its first two numbers.</param>
/// <param name="BootOptions">What of its command line bears on IOMMUs, VFIO, KVM and huge pages.</param>
public sealed record KernelFinding(string? Release, Version? Version, IReadOnlyList<string> BootOptions);
