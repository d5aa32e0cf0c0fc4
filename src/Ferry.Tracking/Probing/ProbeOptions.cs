namespace Ferry.Tracking.Probing;

/// <summary>How a probe looks.</summary>
/// <param name="Try">Whether VFIO devices that nobody uses are opened, which resets them, and their DMA logs started and stopped; without that only
/// sysfs tells of devices.</param>
public sealed record ProbeOptions(bool Try = true);
