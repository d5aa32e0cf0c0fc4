namespace Ferry.VfioUser.Protocol;

/// <summary>The flags of SET_IRQS and GET_IRQ_INFO. Source: linux/vfio.h, VFIO_IRQ_SET_* and VFIO_IRQ_INFO_*.</summary>
internal static class InterruptFlags
{
    internal const uint DataNone = 1;
    internal const uint DataBool = 2;
    internal const uint DataEvents = 4;
    internal const uint DataMask = 7;
    internal const uint ActionTrigger = 32;
    internal const uint ActionMask = 56;
    internal const uint InfoEvents = 1;
    internal const int SetBytes = 20;
}
