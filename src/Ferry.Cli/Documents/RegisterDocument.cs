namespace Ferry.Cli.Documents;

/// <summary>A register of a device after an access.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Region">The region's number.</param>
/// <param name="Offset">Where it is in the region.</param>
/// <param name="Bytes">How many bytes it has.</param>
/// <param name="Value">What was read or written.</param>
internal sealed record RegisterDocument(string Device, int Region, ulong Offset, int Bytes, ulong Value);
