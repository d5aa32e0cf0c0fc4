namespace Ferry.Cli.Documents;

/// <summary>What <c>ferry conform --json</c> prints.</summary>
/// <param name="Version">The version of the document.</param>
/// <param name="Device">What was checked: its socket, or the command that was started.</param>
/// <param name="Stimulus">What drove it, or <c>none</c>.</param>
/// <param name="Abilities">What it claims to have; null where it could not be asked.</param>
/// <param name="Conforms">Whether nothing failed, and nothing was left out for a lost device.</param>
/// <param name="Passed">How many checks passed.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="NotApplicable">How many were not applicable.</param>
/// <param name="NotRun">How many were not run, since the device was lost.</param>
/// <param name="Seconds">How long all of it took.</param>
/// <param name="Checks">Each check, in order.</param>
internal sealed record ConformDocument(
    int Version, string Device, string Stimulus, ConformAbilitiesDocument? Abilities, bool Conforms, int Passed, int Failed, int NotApplicable, int NotRun,
    double Seconds, IReadOnlyList<ConformCheckDocument> Checks)
{
    /// <summary>The version of documents that this program writes.</summary>
    public const int CurrentVersion = 1;
}
