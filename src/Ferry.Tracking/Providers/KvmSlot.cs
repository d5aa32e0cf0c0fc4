using Ferry.Memory;

namespace Ferry.Tracking.Providers;

/// <summary>A memory slot of a KVM machine that holds guest memory.</summary>
/// <param name="Slot">The slot's number.</param>
/// <param name="Region">What it holds.</param>
public sealed record KvmSlot(uint Slot, GuestRegion Region);
