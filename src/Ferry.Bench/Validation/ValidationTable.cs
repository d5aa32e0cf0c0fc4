using System.Globalization;
using System.Text;
using Ferry.Bench.Model;

namespace Ferry.Bench.Validation;

/// <summary>Predicted against measured, for migrations that the costs were not fitted from.</summary>
public sealed class ValidationTable
{
    private ValidationTable(IReadOnlyList<ValidationRow> rows) => Rows = rows;

    /// <summary>One row a migration.</summary>
    public IReadOnlyList<ValidationRow> Rows { get; }

    /// <summary>Predicts each of <paramref name="samples"/> from costs that are fitted from <paramref name="fitted"/>.</summary>
    public static ValidationTable Of(IReadOnlyCollection<MigrationSample> fitted, IEnumerable<MigrationSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        var engine = EngineFit.Fit(fitted);
        return new ValidationTable([.. samples.Select(sample => Predict(engine, fitted, sample))]);
    }

    /// <summary>Predicts each of <paramref name="samples"/> from the costs of a profile, which know nothing of them.</summary>
    /// <exception cref="Profiles.ProfileException">The profile lacks a cost.</exception>
    public static ValidationTable Of(Advice.ProfileCosts costs, IEnumerable<MigrationSample> samples)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(samples);
        var engine = costs.Engine();
        return new ValidationTable([.. samples.Select(sample => new ValidationRow(
            sample,
            new PreCopyModel(engine, sample.Link).Predict(sample.Workload with { DeviceStateBytes = costs.DeviceStateBytes }, sample.Policy with
            {
                Trackers = [.. sample.Policy.Trackers.Select(tracker => tracker with
                {
                    Costs = costs.Tracker(tracker.Costs.Provider, tracker.Costs.PageBytes, tracker.Source != WriterLoad.Vcpus),
                })],
            })))]);
    }

    /// <summary>Predicts each of <paramref name="samples"/> from those of all other workloads.</summary>
    public static ValidationTable LeaveOneOut(IReadOnlyCollection<MigrationSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return new ValidationTable([.. samples.GroupBy(sample => sample.Group).SelectMany(group =>
        {
            MigrationSample[] others = [.. samples.Where(other => other.Group != group.Key)];
            var engine = EngineFit.Fit(others);
            return group.Select(sample => Predict(engine, others, sample));
        })]);
    }

    /// <summary>The error that <paramref name="part"/> of the rows stay below: 0.5 is the median.</summary>
    public double Error(Func<ValidationRow, double> of, double part) => EngineFit.Quantile([.. Rows.Select(of)], part);

    /// <summary>The table as Markdown, the worst downtimes first, with median and 90th percentile.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine("| error of | median | 90th percentile | worst |").AppendLine("|---|---|---|---|");
        (string Name, Func<ValidationRow, double> Of)[] errors =
            [("total time", row => row.TotalError), ("downtime", row => row.DowntimeError), ("bytes", row => row.BytesError)];
        foreach (var (name, of) in errors)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"| {name} | {Error(of, 0.5):P0} | {Error(of, 0.9):P0} | {Error(of, 1):P0} |");
        }

        text.AppendLine().AppendLine("| migration | rounds | total, s | predicted | off | downtime, ms | predicted | off | MiB | predicted |").AppendLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var row in Rows.OrderByDescending(row => row.DowntimeError))
        {
            var (sample, predicted) = (row.Sample, row.Prediction);
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {sample.Name} | {sample.Rounds.Count} / {predicted.Rounds.Count} | {sample.TotalSeconds:0.00} | {predicted.TotalSeconds:0.00} | {row.TotalError:P0} | {sample.DowntimeSeconds * 1000:0} | {predicted.DowntimeSeconds * 1000:0} | {row.DowntimeError:P0} | {sample.SentBytes / (1 << 20):0} | {predicted.SentBytes / (1 << 20):0} |");
        }

        return text.ToString();
    }

    private static ValidationRow Predict(EngineCosts engine, IReadOnlyCollection<MigrationSample> fitted, MigrationSample sample)
    {
        var policy = sample.Policy with
        {
            Trackers = [.. sample.Policy.Trackers.Select(tracker => tracker with
            {
                Costs = tracker.Costs with
                {
                    ReportSeconds = EngineFit.ReportSeconds(fitted, tracker.Costs.ToString()) ?? tracker.Costs.ReportSeconds,
                    StopSeconds = EngineFit.StopSeconds(fitted, tracker.Costs) ?? tracker.Costs.StopSeconds,
                },
            })],
        };
        // Several samples give the state of a device, and it does not depend on the load.
        var state = fitted.Max(other => other.DeviceStateBytes);
        return new ValidationRow(sample, new PreCopyModel(engine, sample.Link).Predict(sample.Workload with { DeviceStateBytes = state }, policy));
    }
}
