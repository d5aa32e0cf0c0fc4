namespace Ferry.Cli.Documents;

/// <summary>What a device of the kernel's is to a machine.</summary>
/// <param name="Address">Its PCI address or UUID.</param>
/// <param name="Space">Which address space it is in: <c>container NAME</c> or <c>ioas NAME</c>.</param>
/// <param name="Regions">The regions that the guest sees.</param>
/// <param name="Interrupts">How many interrupts came on this host; null where it has none.</param>
internal sealed record KernelStatus(string Address, string Space, IReadOnlyList<RegionStatus> Regions, ulong? Interrupts);
