namespace Ferry.Cli.Documents;

/// <summary>A region of a device as the guest sees it.</summary>
/// <param name="Region">Its number.</param>
/// <param name="Address">Where the guest sees it.</param>
/// <param name="Bytes">What it takes there.</param>
/// <param name="MappedBytes">How much of it the guest reaches without an exit.</param>
internal sealed record RegionStatus(int Region, ulong Address, ulong Bytes, ulong MappedBytes);
