using Ferry.Memory;

namespace Ferry.VfioUser.Client;

/// <summary>A range of addresses that a device is given, of which the memory lies in a file.</summary>
/// <param name="Range">Where the device sees it; made of whole 4 KiB pages.</param>
/// <param name="FileOffsetBytes">Where the file holds it.</param>
/// <param name="Read">Whether the device may read it.</param>
/// <param name="Write">Whether it may write it.</param>
public readonly record struct VfioUserMapping(IovaRange Range, ulong FileOffsetBytes, bool Read, bool Write);
