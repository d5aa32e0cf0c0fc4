namespace Ferry.Migration.Planning;

/// <summary>What the planner answers: a plan, or every reason why there is none.</summary>
public abstract record PlanResult
{
    private PlanResult()
    {
    }

    /// <summary>The migration can go this way.</summary>
    public sealed record Planned(MigrationPlan Plan) : PlanResult;

    /// <summary>No safe sequence exists.</summary>
    /// <param name="Refusals">Every reason; never empty.</param>
    public sealed record Refused(IReadOnlyList<PlanRefusal> Refusals) : PlanResult;
}
