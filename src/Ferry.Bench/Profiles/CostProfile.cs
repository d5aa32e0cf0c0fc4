namespace Ferry.Bench.Profiles;

/// <summary>What tracking and migrating cost on one host: all samples, and the costs that were fitted to them.</summary>
public sealed record CostProfile
{
    /// <summary>The version that is written. A reader takes this one and every older one, which it brings to this one.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The version of the document, 1 to <see cref="CurrentVersion"/>.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>The version of Ferry that measured.</summary>
    public required string FerryVersion { get; init; }

    /// <summary>When the first sample was measured.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether every point of its design was measured; false of a bench that was interrupted.</summary>
    public bool IsComplete { get; init; }

    /// <summary>What could not be measured, each with the reason; null for nothing.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>Where it was measured.</summary>
    public required HostFacts Host { get; init; }

    /// <summary>The samples, each point at most once.</summary>
    public required IReadOnlyList<CostSample> Samples { get; init; }

    /// <summary>The costs, each name, provider and page size at most once.</summary>
    public required IReadOnlyList<FittedCost> Costs { get; init; }

    /// <summary>The cost of that name, or null where it was not measured.</summary>
    /// <param name="name">One of <see cref="CostNames"/>.</param>
    /// <param name="provider">The tracker, or null for a cost of the host.</param>
    /// <param name="pageSizeBytes">The tracking page size, or null for a cost of the host.</param>
    public FittedCost? Find(string name, string? provider = null, ulong? pageSizeBytes = null) =>
        Costs.FirstOrDefault(cost => cost.Name == name && cost.Provider == provider && cost.PageSizeBytes == pageSizeBytes);
}
