namespace Ferry.Devices.Models;

/// <summary>What became of the message that was due.</summary>
internal enum RnicSendResult
{
    /// <summary>It was written and completed.</summary>
    Sent,

    /// <summary>No buffer or no completion entry is free.</summary>
    Stalled,

    /// <summary>A ring, a descriptor or a doorbell can't be used.</summary>
    Unusable,

    /// <summary>The device's own state contradicts its sequence.</summary>
    Inconsistent,
}
