namespace Ferry.Cli.Documents;

/// <summary>What the guest program tells of itself.</summary>
/// <param name="Transfers">The transfers between accounts so far.</param>
/// <param name="Messages">The device messages consumed so far, all devices together.</param>
/// <param name="Errors">What was found wrong so far.</param>
/// <param name="LastError">The last thing found wrong, in words, or null.</param>
internal sealed record GuestStatus(ulong Transfers, ulong Messages, ulong Errors, string? LastError);
