namespace Ferry.Machine.Devices;

/// <summary>A region that a device has.</summary>
/// <param name="Index">Its number; for PCI, BARs are 0 to 5.</param>
/// <param name="LengthBytes">Its length, not 0.</param>
/// <param name="IsWindow">Whether the guest sees it at addresses of its own, as it does BARs.</param>
internal sealed record DeviceRegion(int Index, ulong LengthBytes, bool IsWindow);
