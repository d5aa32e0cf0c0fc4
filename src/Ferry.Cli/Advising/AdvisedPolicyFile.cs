using System.Globalization;
using System.Text;
using Ferry.Bench.Advice;
using Ferry.Cli.Policies;
using Ferry.Cli.Values;
using Ferry.Migration.Convergence;

namespace Ferry.Cli.Advising;

/// <summary>Writes an advice as a policy file.</summary>
internal static class AdvisedPolicyFile
{
    /// <summary>The text of the file, which <see cref="PolicyFileReader"/> reads.</summary>
    /// <param name="candidate">The policy.</param>
    /// <param name="reason">Why, for its comment.</param>
    public static string Format(Candidate candidate, string reason)
    {
        var (policy, convergence) = (candidate.Policy, candidate.Policy.Convergence);
        var downtime = TimeSpan.FromMilliseconds(Math.Max(1, Math.Floor(convergence.DowntimeLimit.TotalMilliseconds)));
        var switchover = TimeSpan.FromMilliseconds(Math.Min(downtime.TotalMilliseconds, Math.Ceiling(convergence.SwitchoverOverhead.TotalMilliseconds * 10) / 10));
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"# By ferry advise: {reason}").AppendLine();
        text.AppendLine("[limits]").AppendLine(CultureInfo.InvariantCulture, $"downtime = \"{DurationText.Exact(downtime)}\"");
        text.AppendLine(CultureInfo.InvariantCulture, $"switchover = \"{DurationText.Exact(switchover)}\"");
        text.AppendLine(CultureInfo.InvariantCulture, $"rounds = {convergence.MaxRounds}");
        text.AppendLine(CultureInfo.InvariantCulture, $"on-stall = \"{(convergence.OnStall == StallAction.Throttle ? "throttle" : "stop")}\"");
        text.AppendLine().AppendLine("[stream]").AppendLine(CultureInfo.InvariantCulture, $"channels = {policy.Channels}");
        text.AppendLine(CultureInfo.InvariantCulture, $"compress = \"{policy.Codec.Name}\"");
        text.AppendLine(CultureInfo.InvariantCulture, $"verify = {(policy.Verify ? "true" : "false")}");
        foreach (var tracker in policy.Trackers)
        {
            text.AppendLine().AppendLine("[[source]]").AppendLine(CultureInfo.InvariantCulture, $"id = \"{tracker.Source}\"");
            if (tracker.Costs.Provider == ProfileCosts.Early)
            {
                text.AppendLine("quiesce = \"early\"");
                continue;
            }

            text.AppendLine(CultureInfo.InvariantCulture, $"with = [\"{tracker.Costs.Provider}\"]");
            if (tracker.Costs.Provider != "all")
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"page-size = \"{SizeText.Exact(tracker.Costs.PageBytes)}\"");
            }

            if (tracker.Source != "vcpus")
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"sync = \"{tracker.Sync}\"");
            }
        }

        return text.ToString();
    }
}
