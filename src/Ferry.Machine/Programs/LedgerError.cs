namespace Ferry.Machine.Programs;

/// <summary>What the guest's program found wrong.</summary>
public enum LedgerError
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A ledger page does not carry its own number: it is lost, or another one.</summary>
    PageIdentity = 1,

    /// <summary>A ledger page's checksum does not fit its accounts and sequence.</summary>
    PageChecksum = 2,

    /// <summary>The accounts don't add up to what there was at the start.</summary>
    Total = 3,

    /// <summary>The pages' sequences don't add up to the transfers done: some page is older than it should be.</summary>
    Sequences = 4,

    /// <summary>A message's header is not one.</summary>
    MessageMagic = 5,

    /// <summary>A message is missing, repeated, or older than its completion says.</summary>
    MessageSequence = 6,

    /// <summary>A message's payload does not fit its checksum.</summary>
    MessageChecksum = 7,

    /// <summary>A completion names a buffer that is not the one it was posted as.</summary>
    CompletionBuffer = 8,

    /// <summary>A buffer holds an older message than was received in it.</summary>
    MessageStale = 9,

    /// <summary>The NIC stopped by itself: it could not use a descriptor or a ring.</summary>
    NicStopped = 10,

    /// <summary>The NIC is not enabled, or counts fewer messages than were received from it: it lost its state.</summary>
    NicState = 11,

    /// <summary>The virtual IOMMU refused to map or unmap; its status.</summary>
    IommuRefused = 12,
}
