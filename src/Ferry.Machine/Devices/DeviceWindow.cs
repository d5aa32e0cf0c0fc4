namespace Ferry.Machine.Devices;

/// <summary>A region of a device as the guest sees it.</summary>
/// <param name="Region">The region's number.</param>
/// <param name="Address">Where it begins in the guest's address space.</param>
/// <param name="LengthBytes">What it takes there.</param>
/// <param name="MappedBytes">How much of it the guest reaches without an exit; the rest is trapped.</param>
public sealed record DeviceWindow(int Region, ulong Address, ulong LengthBytes, ulong MappedBytes);
