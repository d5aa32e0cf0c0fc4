namespace Ferry.Conform;

/// <summary>A run of the checks on one device.</summary>
/// <param name="Device">What was checked.</param>
/// <param name="Abilities">What it claims to have; null where it could not be asked.</param>
/// <param name="Stimulus">What drove it, or null.</param>
/// <param name="Checks">Every check that was selected, in order.</param>
/// <param name="Elapsed">How long all of it took.</param>
public sealed record ConformReport(string Device, DeviceAbilities? Abilities, string? Stimulus, IReadOnlyList<CheckResult> Checks, TimeSpan Elapsed)
{
    /// <summary>Whether no check failed and none was left out for a lost device.</summary>
    public bool Passed => Checks.All(check => check.Outcome is CheckOutcome.Passed or CheckOutcome.NotApplicable);

    /// <summary>How many checks ended so.</summary>
    public int Count(CheckOutcome outcome) => Checks.Count(check => check.Outcome == outcome);
}
