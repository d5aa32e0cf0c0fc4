using Ferry.Memory;

namespace Ferry.Devices.Models;

/// <summary>A receive descriptor as the device read it.</summary>
/// <param name="Buffer">Where the message goes.</param>
/// <param name="Cookie">What the completion returns.</param>
/// <param name="IsUsable">Whether it could be read, and holds a message.</param>
internal readonly record struct RnicDescriptor(Iova Buffer, uint Cookie, bool IsUsable);
