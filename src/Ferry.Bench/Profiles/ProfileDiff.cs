namespace Ferry.Bench.Profiles;

/// <summary>Compares the costs of two profiles.</summary>
public static class ProfileDiff
{
    /// <summary>Every cost of either, those that really differ first, the greatest factor before.</summary>
    public static IReadOnlyList<CostDifference> Of(CostProfile left, CostProfile right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return
        [
            .. left.Costs.Concat(right.Costs).Select(cost => (cost.Name, cost.Provider, cost.PageSizeBytes)).Distinct()
                .Select(key => new CostDifference(
                    key.Name, key.Provider, key.PageSizeBytes, left.Find(key.Name, key.Provider, key.PageSizeBytes), right.Find(key.Name, key.Provider, key.PageSizeBytes)))
                .OrderByDescending(each => each.IsReal).ThenByDescending(each => each.Factor is > 0 and var factor ? Math.Abs(Math.Log(factor)) : 0)
                .ThenBy(each => (each.Name, each.Provider, each.PageSizeBytes)),
        ];
    }
}
