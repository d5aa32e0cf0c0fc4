namespace Ferry.Devices.Models;

/// <summary>What stopped an rnic until it is reset; STATUS shows it one bit further up.</summary>
[Flags]
internal enum RnicFaults
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A descriptor, a ring or a doorbell can't be used; set with every fault.</summary>
    Unusable = 1,

    /// <summary>The device's own state contradicts its sequence.</summary>
    Inconsistent = 2,

    /// <summary>A sequence of the device that writes into this one's mailbox is missing.</summary>
    MailMissing = 4,
}
