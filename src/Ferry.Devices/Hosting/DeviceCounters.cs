using Ferry.Linux.Vfio;

namespace Ferry.Devices.Hosting;

/// <summary>What a device did since it was last reset, for people; the parts are read one after another.</summary>
/// <param name="State">Its migration state.</param>
/// <param name="IsActive">Whether the guest has set it to work and nothing failed.</param>
/// <param name="HasFailed">Whether what the guest gave it could not be used.</param>
/// <param name="Operations">What it completed.</param>
/// <param name="Bytes">The bytes of that.</param>
/// <param name="Stalls">Times that it had work and the guest had no room for the result.</param>
/// <param name="DmaMaps">The mappings that the client holds.</param>
/// <param name="IsLogging">Whether DMA writes are logged.</param>
public readonly record struct DeviceCounters(
    VfioDeviceState State, bool IsActive, bool HasFailed, ulong Operations, ulong Bytes, ulong Stalls, int DmaMaps, bool IsLogging);
