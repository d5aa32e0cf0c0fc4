using Ferry.Linux.Vfio;

namespace Ferry.Migration.Reports;

/// <summary>What a device went through.</summary>
/// <param name="Id">The name in the machine file.</param>
/// <param name="States">The states it was asked into, in order, from the one it began in.</param>
/// <param name="PreCopyBytes">State bytes that moved while it ran.</param>
/// <param name="StopCopyBytes">State bytes that moved while it was stopped.</param>
public sealed record DeviceReport(string Id, IReadOnlyList<VfioDeviceState> States, ulong PreCopyBytes, ulong StopCopyBytes);
