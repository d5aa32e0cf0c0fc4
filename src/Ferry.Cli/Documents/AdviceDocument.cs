namespace Ferry.Cli.Documents;

/// <summary>What <c>advise</c> prints.</summary>
/// <param name="Recommended">The policy; null where none meets the limits.</param>
/// <param name="Reason">Why, or which limit to relax and to what.</param>
/// <param name="Margins">How far below each limit it stays, as a part of the limit.</param>
/// <param name="Sensitivities">Which measurement would change the advice, the nearest first.</param>
/// <param name="Shown">The policies that none dominates.</param>
/// <param name="Tried">How many were tried that move the machine.</param>
/// <param name="LeftOut">What was measured too little to be tried.</param>
/// <param name="Profile">The profile.</param>
internal sealed record AdviceDocument(
    AdvicePolicyDocument? Recommended, string Reason, IReadOnlyDictionary<string, double> Margins, IReadOnlyList<string> Sensitivities,
    IReadOnlyList<AdvicePolicyDocument> Shown, int Tried, IReadOnlyList<string> LeftOut, string Profile);
