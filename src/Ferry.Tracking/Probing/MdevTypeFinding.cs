namespace Ferry.Tracking.Probing;

/// <summary>A kind of mediated device that a driver offers to make.</summary>
/// <param name="Parent">The device that they are made of.</param>
/// <param name="Type">The type, as in <c>mdev_supported_types</c>.</param>
/// <param name="Label">What its driver calls it; null where it doesn't say.</param>
/// <param name="Api">What it is to a VMM, for instance <c>vfio-pci</c>.</param>
/// <param name="Available">How many more can be made; null where that can't be read.</param>
public sealed record MdevTypeFinding(string Parent, string Type, string? Label, string? Api, ulong? Available);
