using System.Globalization;
using System.Text;
using Ferry.Bench.Advice;

namespace Ferry.Bench.Validation;

/// <summary>For each workload, whether the policy that would have been advised was nearly the best of those that were tried.</summary>
public sealed class ChoiceTable
{
    /// <summary>How much longer than the best is still as good.</summary>
    public const double Near = 0.1;

    private ChoiceTable(IReadOnlyList<ChoiceRow> rows) => Rows = rows;

    /// <summary>One row a workload with more than one policy.</summary>
    public IReadOnlyList<ChoiceRow> Rows { get; }

    /// <summary>The part of the workloads whose advised policy took at most <see cref="Near"/> more than the best.</summary>
    public double NearPart => Rows.Count == 0 ? 0 : (double)Rows.Count(row => row.Loss <= Near) / Rows.Count;

    /// <summary>The part of the workloads whose policies differ by more than <see cref="Near"/>, so that the choice matters.</summary>
    public double MattersPart { get; private init; }

    /// <summary>The part of all tried policies that took at most <see cref="Near"/> more than the best: what a choice by lot reaches.</summary>
    public double ByLotPart { get; private init; }

    /// <summary>Compares predictions that were made without the samples of their own workload.</summary>
    public static ChoiceTable Of(IEnumerable<ValidationRow> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ValidationRow[][] groups = [.. rows.GroupBy(row => row.Sample.Group).Where(group => group.Count() > 1).Select(group => group.ToArray())];
        ChoiceRow[] choices = [.. groups.Select(group => new ChoiceRow(
            group[0].Sample.Group, Advised(group), group.MinBy(row => row.Sample.TotalSeconds)!))];
        bool IsNear(ValidationRow row, ValidationRow best) => row.Sample.TotalSeconds <= best.Sample.TotalSeconds * (1 + Near);
        var all = groups.Zip(choices, (group, choice) => group.Select(row => IsNear(row, choice.Best)).ToArray()).ToArray();
        return new ChoiceTable(choices)
        {
            MattersPart = all.Length == 0 ? 0 : (double)all.Count(near => near.Contains(false)) / all.Length,
            ByLotPart = all.Length == 0 ? 0 : all.Average(near => near.Average(each => each ? 1.0 : 0)),
        };
    }

    /// <summary>The table as Markdown, the greatest losses first.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"The advised policy took at most {Near:P0} more than the best in {NearPart:P0} of {Rows.Count} workloads; one drawn by lot does in {ByLotPart:P0}. The policies differ by more than that in {MattersPart:P0}.");
        text.AppendLine().AppendLine("| workload | advised | its total, s | best | its total, s | more |").AppendLine("|---|---|---|---|---|---|");
        foreach (var row in Rows.OrderByDescending(row => row.Loss))
        {
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"| {row.Group} | {Tracker(row.Advised)} | {row.Advised.Sample.TotalSeconds:0.00} | {Tracker(row.Best)} | {row.Best.Sample.TotalSeconds:0.00} | {row.Loss:P0} |");
        }

        return text.ToString();
    }

    private static ValidationRow Advised(ValidationRow[] group)
    {
        var candidates = group.Select(row => new Candidate(row.Sample.Policy, row.Prediction)).ToList();
        var chosen = Adviser.Choose(candidates, new AdviceLimits { DowntimeSeconds = double.PositiveInfinity });
        return chosen is null ? group[0] : group[candidates.IndexOf(chosen)];
    }

    private static string Tracker(ValidationRow row) => row.Sample.Policy.Trackers[^1].Costs.ToString();
}
