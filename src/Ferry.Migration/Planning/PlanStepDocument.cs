namespace Ferry.Migration.Planning;

/// <summary>A step as it is printed; what doesn't apply to its kind is null.</summary>
public sealed record PlanStepDocument
{
    /// <summary>Counted through all phases, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The kind, for instance <c>deviceArc</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What it does, for people.</summary>
    public required string Text { get; init; }

    /// <summary>The device that it is about.</summary>
    public string? Device { get; init; }

    /// <summary>The state that an arc leaves, as the header names it.</summary>
    public string? From { get; init; }

    /// <summary>The state that an arc leads to, as the header names it.</summary>
    public string? To { get; init; }

    /// <summary>The tracker that it is about.</summary>
    public string? Tracker { get; init; }

    /// <summary>Whose writes the tracker sees.</summary>
    public IReadOnlyList<string>? Sources { get; init; }

    /// <summary>The page size that the tracker is started at.</summary>
    public ulong? PageSizeBytes { get; init; }

    /// <summary>The state of each device after the step, in the order of the plan's devices.</summary>
    public required IReadOnlyList<string> States { get; init; }

    /// <summary>Whether the vCPUs run after the step.</summary>
    public required bool VcpusRun { get; init; }
}
