using Ferry.Cli.Documents;
using Ferry.Cli.Hosting;
using Ferry.Conform;
using Ferry.Conform.Stimuli;
using Ferry.Linux.Vfio;

namespace Ferry.Cli.Conformance;

/// <summary>A report as it is printed.</summary>
internal static class ConformMapping
{
    /// <summary>The document of a report.</summary>
    public static ConformDocument ToDocument(ConformReport report) => new(
        ConformDocument.CurrentVersion, report.Device, report.Stimulus ?? StimulusNames.None, report.Abilities is { } abilities ? AbilitiesOf(abilities) : null, report.Passed,
        report.Count(CheckOutcome.Passed), report.Count(CheckOutcome.Failed), report.Count(CheckOutcome.NotApplicable), report.Count(CheckOutcome.NotRun),
        report.Elapsed.TotalSeconds,
        [.. report.Checks.Select(check => new ConformCheckDocument(
            check.Name, check.Rule, check.Source, NameOf(check.Outcome), check.Detail, check.Elapsed.TotalSeconds, check.Commands))]);

    private static ConformAbilitiesDocument AbilitiesOf(DeviceAbilities abilities)
    {
        bool Has(VfioMigrationFlags flag) => (abilities.Migration & flag) != 0;
        return new(
            Has(VfioMigrationFlags.StopCopy), Has(VfioMigrationFlags.PreCopy), Has(VfioMigrationFlags.P2P), abilities.CanReset,
            abilities.LogsDma ? DocumentMapping.NameOf(abilities.LogPrecision) : null);
    }

    private static string NameOf(CheckOutcome outcome) => outcome switch
    {
        CheckOutcome.Passed => CheckOutcomes.Passed,
        CheckOutcome.Failed => CheckOutcomes.Failed,
        CheckOutcome.NotApplicable => CheckOutcomes.NotApplicable,
        _ => CheckOutcomes.NotRun,
    };
}
