namespace Ferry.VfioUser.Tracking;

/// <summary>How the page table of a device's process is watched.</summary>
public enum IoTableMode
{
    /// <summary>Asynchronous write protection, read by scans: the first write to a page after a report costs the device a fault that its kernel
    /// settles. Linux 6.7.</summary>
    Scans,

    /// <summary>Write faults: that write waits until the machine has marked its page. Linux 5.19, and a device that may have the kernel's own
    /// writes wait.</summary>
    Faults,
}
