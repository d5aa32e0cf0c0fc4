namespace Ferry.Linux.Vfio;

/// <summary>The interrupts of one kind that a device has. Source: linux/vfio.h, struct vfio_irq_info.</summary>
/// <param name="Index">The kind; for PCI, INTx is 0, MSI 1 and MSI-X 2.</param>
/// <param name="Count">How many; 0 where the device doesn't have the kind.</param>
/// <param name="CanSignal">Whether they can signal event files.</param>
/// <param name="CanMask">Whether they can be masked.</param>
/// <param name="IsMaskedBySignal">Whether an interrupt is masked when it was signalled, until it is unmasked.</param>
/// <param name="IsFixed">Whether all that are used must be set at once.</param>
public sealed record VfioInterrupts(uint Index, uint Count, bool CanSignal, bool CanMask, bool IsMaskedBySignal, bool IsFixed)
{
    /// <summary>The index of a PCI device's INTx.</summary>
    public const uint PciIntx = 0;

    /// <summary>The index of a PCI device's MSI.</summary>
    public const uint PciMsi = 1;

    /// <summary>The index of a PCI device's MSI-X.</summary>
    public const uint PciMsix = 2;
}
