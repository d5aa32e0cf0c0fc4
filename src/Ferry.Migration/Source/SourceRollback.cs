using Ferry.Migration.Planning;
using Ferry.Migration.Reports;

namespace Ferry.Migration.Source;

/// <summary>Brings the source back to running as if nothing had happened.</summary>
internal static class SourceRollback
{
    /// <summary>Takes every step back, also where one fails.</summary>
    /// <returns>What could not be taken back, in words; null where all was.</returns>
    internal static string? Run(SourceContext context, SourceSteps steps)
    {
        context.Phase = MigrationPhase.RollingBack;
        var failures = new List<string>();
        var states = steps.Devices.ToDictionary(device => device.Id, device => device.State, StringComparer.Ordinal);
        var plan = RollbackPlanner.Plan(context.Options.Plan, steps.Done, states);
        failures.AddRange(plan.Lost.Select(device => $"device {device} is in ERROR and has to be reset"));
        foreach (var step in plan.Steps)
        {
            Try(failures, () => Run(context, steps, step));
        }

        if (context.ThrottlePercent != 0)
        {
            Try(failures, () => context.Machine.ThrottleVcpus(0));
            context.ThrottlePercent = 0;
        }

        return failures.Count == 0 ? null : string.Join("; ", failures);
    }

    private static void Run(SourceContext context, SourceSteps steps, PlanStep step)
    {
        switch (step)
        {
            case PlanStep.DeviceArc arc:
                steps.Devices.Single(device => device.Id == arc.Device).SetState(arc.To);
                break;
            case PlanStep.ResumeVcpus:
                context.Machine.ResumeVcpus();
                context.AreVcpusPaused = false;
                break;
            case PlanStep.StopTracker stop:
                context.Trackers.Stop(stop.Tracker);
                break;
            default:
                throw new InvalidOperationException($"A rollback has no step {step}.");
        }
    }

    private static void Try(List<string> failures, Action action)
    {
        try
        {
            action();
        }
        // The way back goes on whatever fails, since each step left out makes it worse; the report names all.
        catch (Exception e)
        {
            failures.Add(e.Message);
        }
    }
}
