namespace Ferry.Migration.Planning;

/// <summary>A plan as it is printed: plain data in which every step carries the states that it leads to.</summary>
/// <param name="Devices">The ids of the devices, in the order of the machine file.</param>
/// <param name="RoundLimit">The most rounds, or null where convergence decides.</param>
/// <param name="Phases">The phases in the order in which they begin.</param>
public sealed record PlanDocument(IReadOnlyList<string> Devices, int? RoundLimit, IReadOnlyList<PlanPhaseDocument> Phases)
{
    /// <summary>Describes <paramref name="plan"/>.</summary>
    public static PlanDocument Of(MigrationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var repeats = plan.RoundLimit switch
        {
            null => "repeated until it converges or a limit is hit",
            0 => "never: a round has nothing to send",
            1 => "once: only devices send",
            var limit => $"at most {limit} times",
        };
        var source = new PlanWriter(plan.Devices);
        List<PlanPhaseDocument> phases = [source.Phase("setup", "source", "once", plan.Setup), source.Phase("round", "source", repeats, plan.Round)];
        foreach (var final in plan.FinalRounds.Reverse())
        {
            var (name, when) = final.Within == 1
                ? ("last round", "in place of a round once the switchover is expected after it")
                : ($"last {final.Within} rounds", $"in place of a round once no more than {final.Within} are expected to be left");
            phases.Add(source.Phase(name, "source", when, final.Steps));
        }

        phases.Add(source.Phase("switchover", "source", "once", plan.Switchover));
        var destination = new PlanWriter(plan.Devices, source.Written);
        phases.Add(destination.Phase("load", "destination", "before commit", plan.Load));
        phases.Add(destination.Phase("start", "destination", "after commit", plan.Start));
        return new PlanDocument([.. plan.Devices.Select(device => device.Id)], plan.RoundLimit, phases);
    }
}
