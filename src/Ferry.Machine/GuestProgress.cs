namespace Ferry.Machine;

/// <summary>What the guest's program has done so far, read from its control blocks without disturbing it.</summary>
/// <param name="Transfers">Transfers done; each writes two pages.</param>
/// <param name="Messages">NIC messages consumed and checked.</param>
/// <param name="NextSequence">The sequence that the first NIC's next message must have.</param>
/// <param name="Errors">Errors found.</param>
/// <param name="LastError">The last error, or null.</param>
/// <param name="Fault">Why a vCPU can't go on, or null.</param>
public readonly record struct GuestProgress(ulong Transfers, ulong Messages, ulong NextSequence, ulong Errors, string? LastError, string? Fault);
