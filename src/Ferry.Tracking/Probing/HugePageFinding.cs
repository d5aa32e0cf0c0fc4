using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>Huge pages of one size.</summary>
/// <param name="Size">The size.</param>
/// <param name="Total">How many are set aside; null where that can't be read.</param>
/// <param name="Free">How many of them are free and not promised to anyone.</param>
/// <param name="Problem">Why a guest can't have any, and what would help; null where it can.</param>
public sealed record HugePageFinding(PageSize Size, ulong? Total, ulong? Free, string? Problem);
