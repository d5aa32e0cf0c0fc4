namespace Ferry.Cli.Documents;

/// <summary>The outcome of the guest program's full check of its memory.</summary>
/// <param name="Passed">Whether nothing was wrong.</param>
/// <param name="PagesChecked">The pages of its working set that it looked at.</param>
/// <param name="Messages">The device messages consumed up to then, contiguous unless <paramref name="Passed"/> is false.</param>
/// <param name="Errors">The errors found.</param>
/// <param name="FirstError">The first of them, in words, or null.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record SelfCheckDocument(bool Passed, ulong PagesChecked, ulong Messages, ulong Errors, string? FirstError, double Seconds);
