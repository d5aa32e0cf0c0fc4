using Ferry.Migration.Convergence;
using Ferry.Migration.Execution;
using Ferry.Migration.Pages;
using Ferry.Migration.Planning;
using Ferry.Migration.Reports;

namespace Ferry.Migration.Source;

/// <summary>Repeats the plan's round until the policy says that the switchover comes.</summary>
internal static class Rounds
{
    /// <exception cref="MigrationFailedException">The policy gave up.</exception>
    internal static void Run(SourceContext context, SourceSteps steps, ChannelTeam team, DirtyPages dirty)
    {
        var plan = context.Options.Plan;
        if (plan.RoundLimit is { } limit)
        {
            for (var i = 0; i < limit; i++)
            {
                _ = RunOne(context, steps, team, dirty, plan.Round);
            }

            context.SwitchoverReason = "the plan allows no more rounds";
            return;
        }

        var policy = new ConvergencePolicy(context.Options.Convergence);
        for (var roundsLeft = int.MaxValue; ;)
        {
            var decision = policy.Next(RunOne(context, steps, team, dirty, plan.RoundFor(roundsLeft)));
            (context.DowntimeLimit, roundsLeft) = (decision.DowntimeLimit, decision.RoundsLeft);
            if (decision.Kind == DecisionKind.Fail)
            {
                throw new MigrationFailedException(FailureKind.NotConverged, $"It did not converge in {policy.Rounds} rounds: {decision}.");
            }

            if (decision.ThrottlePercent != context.ThrottlePercent)
            {
                context.ThrottlePercent = decision.ThrottlePercent;
                context.Machine.ThrottleVcpus(decision.ThrottlePercent);
            }

            if (decision.Kind == DecisionKind.SwitchOver)
            {
                (context.Converged, context.SwitchoverReason) = (decision.Converged, decision.ToString());
                return;
            }
        }
    }

    private static RoundSample RunOne(
        SourceContext context, SourceSteps steps, ChannelTeam team, DirtyPages dirty, IReadOnlyList<PlanStep> round)
    {
        var began = context.Host.Now();
        var bytesBefore = team.AcknowledgedBytes;
        var (pagesBefore, zeroPagesBefore) = (team.SentPages, team.ZeroPages);
        context.Events.Round = context.Rounds.Count + 1;
        context.RoundBytesPerSecond = 0;
        steps.Run(round);
        steps.SendAhead();
        var elapsed = context.Host.Since(began);
        var bytes = team.AcknowledgedBytes - bytesBefore;
        var report = new RoundReport(context.Rounds.Count + 1, context.RoundPages, bytes, elapsed, context.RoundBytesPerSecond);
        context.Rounds.Add(report);
        context.Events.RoundEnded(report, team.SentPages - pagesBefore, team.ZeroPages - zeroPagesBefore);
        return new RoundSample
        {
            BytesSent = (long)bytes,
            Duration = elapsed,
            RemainingBytes = (long)(dirty.Count * PageLayout.PageBytes),
            BytesPerSecond = context.RoundBytesPerSecond,
            DeviceBytes = (long)Math.Min(steps.EstimateStopCopyBytes(), long.MaxValue),
            // The switchover syncs once more.
            FixedOverhead = context.Clock.LastSync,
        };
    }
}
