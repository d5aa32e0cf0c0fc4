namespace Ferry.Migration.Wire;

/// <summary>A range of guest physical addresses.</summary>
internal readonly record struct DescribedRange(ulong Start, ulong Bytes);
