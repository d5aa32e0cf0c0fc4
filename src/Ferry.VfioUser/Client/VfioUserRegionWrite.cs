namespace Ferry.VfioUser.Client;

/// <summary>One write of REGION_WRITE_MULTI.</summary>
/// <param name="Region">The region's index.</param>
/// <param name="Offset">Where in the region.</param>
/// <param name="CountBytes">How many bytes, 1 to 8.</param>
/// <param name="Value">The bytes, the lowest first.</param>
public readonly record struct VfioUserRegionWrite(int Region, ulong Offset, int CountBytes, ulong Value);
