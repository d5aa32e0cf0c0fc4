namespace Ferry.Machine;

/// <summary>How a machine takes a device of the kernel's VFIO drivers.</summary>
/// <param name="Address">Its PCI address, <c>0000:01:00.0</c>, or the UUID of a mediated device.</param>
/// <param name="Opening">By which file it is opened.</param>
/// <param name="Space">What kind of address space it is put into. A container takes devices that are opened by their group.</param>
/// <param name="SpaceName">The name of that space; devices that name the same one share it.</param>
public sealed record VfioAttachment(string Address, VfioOpening Opening, VfioSpace Space, string SpaceName);
