namespace Ferry.Simulation.Tests.Exploration;

/// <summary>Goes every way that a model can go, and each state once.</summary>
internal static class Explorer
{
    /// <param name="States">How many different states there are.</param>
    /// <param name="Ends">In how many of them nothing was left to do.</param>
    /// <param name="Counterexample">The steps to a fault and what it is, or null.</param>
    internal sealed record Result(int States, int Ends, IReadOnlyList<string>? Counterexample);

    public static Result Explore(LogModel model)
    {
        var cameFrom = new Dictionary<LogState, (LogState Before, string Step)>();
        var open = new Queue<LogState>();
        cameFrom[LogModel.Start] = default;
        open.Enqueue(LogModel.Start);
        var ends = 0;
        // Breadth first, so that a counterexample is a shortest one.
        while (open.TryDequeue(out var state))
        {
            var isStuck = true;
            foreach (var (step, next) in model.Next(state))
            {
                isStuck = false;
                if (cameFrom.TryAdd(next, (state, step)))
                {
                    open.Enqueue(next);
                }
            }

            if (!isStuck)
            {
                continue;
            }

            ends++;
            var fault = model.IsOver(state) ? LogModel.Fault(state) : "nobody can go on";
            if (fault is not null)
            {
                return new Result(cameFrom.Count, ends, [.. PathTo(state, cameFrom), fault]);
            }
        }

        return new Result(cameFrom.Count, ends, null);
    }

    private static List<string> PathTo(LogState state, Dictionary<LogState, (LogState Before, string Step)> cameFrom)
    {
        var steps = new List<string>();
        for (var at = state; at != LogModel.Start; at = cameFrom[at].Before)
        {
            steps.Add(cameFrom[at].Step);
        }

        steps.Reverse();
        return steps;
    }
}
