namespace Ferry.Cli.Documents;

/// <summary>Huge pages of one size.</summary>
/// <param name="SizeBytes">The size.</param>
/// <param name="Total">How many are set aside; null where that isn't known.</param>
/// <param name="Free">How many of them are free and not promised.</param>
/// <param name="Problem">Why a guest can't have any; null where it can.</param>
internal sealed record ProbeHugePagesDocument(ulong SizeBytes, ulong? Total, ulong? Free, string? Problem);
