namespace Ferry.Machine;

/// <summary>What a full self-check of the guest's program found.</summary>
/// <param name="Completed">Whether every vCPU's program ended its check in time.</param>
/// <param name="Errors">Errors found by this check.</param>
/// <param name="ErrorsSinceStart">Errors ever found, also while it worked.</param>
/// <param name="LastError">The last error as the program described it, or null.</param>
/// <param name="Pages">Ledger pages checked.</param>
/// <param name="Messages">Messages checked in the NICs' buffers.</param>
/// <param name="Transfers">Transfers done so far.</param>
public sealed record SelfCheckResult(
    bool Completed, ulong Errors, ulong ErrorsSinceStart, string? LastError, ulong Pages, ulong Messages, ulong Transfers)
{
    /// <summary>Whether all was checked and nothing was ever wrong.</summary>
    public bool Passed => Completed && Errors == 0 && ErrorsSinceStart == 0;
}
