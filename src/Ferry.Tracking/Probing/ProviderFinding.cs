using Ferry.Memory;

namespace Ferry.Tracking.Probing;

/// <summary>What a probe says of a provider of dirty tracking.</summary>
/// <param name="Name">As in plans and policies.</param>
/// <param name="Status">Whether it can be used.</param>
/// <param name="Reason">Why not, or for what, and what would help.</param>
/// <param name="PageSizes">The page sizes at which it can track something here, ascending.</param>
/// <param name="Details">One line for each device, group or socket that was asked, and what else bears on it.</param>
public sealed record ProviderFinding(string Name, ProviderStatus Status, string Reason, IReadOnlyList<PageSize> PageSizes, IReadOnlyList<string> Details)
{
    /// <summary>The status that an obstacle leads to.</summary>
    public static ProviderStatus StatusOf(Obstacle? obstacle) => obstacle?.Kind switch
    {
        null => ProviderStatus.Can,
        ObstacleKind.NotPermitted => ProviderStatus.NotPermitted,
        ObstacleKind.InUse or ObstacleKind.NotTried => ProviderStatus.Unknown,
        _ => ProviderStatus.Cannot,
    };
}
