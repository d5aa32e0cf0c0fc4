namespace Ferry.Cli.Documents;

/// <summary>The kernel.</summary>
/// <param name="Release">As <c>uname -r</c> prints it; null where it can't be read.</param>
/// <param name="BootOptions">What of its command line bears on IOMMUs, VFIO, KVM and huge pages.</param>
internal sealed record ProbeKernelDocument(string? Release, IReadOnlyList<string> BootOptions);
