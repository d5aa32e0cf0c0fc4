namespace Ferry.Cli.Documents;

/// <summary>What <c>ferry conform --list --json</c> prints.</summary>
/// <param name="Version">The version of the document.</param>
/// <param name="Checks">Every check there is.</param>
internal sealed record ConformListDocument(int Version, IReadOnlyList<Ferry.Conform.CheckDescription> Checks);
