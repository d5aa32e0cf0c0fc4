using Ferry.Memory;

namespace Ferry.VfioUser;

/// <summary>A mapping of guest memory in a device's process.</summary>
/// <param name="Range">What it is mapped for.</param>
/// <param name="Address">Where it is in the address space of that process.</param>
public readonly record struct MappedWindow(IovaRange Range, Hva Address);
