using Ferry.Linux;

namespace Ferry.Tracking.Probing;

/// <summary>Why something can't be had or known, and what would help.</summary>
/// <param name="Kind">The kind, for programs.</param>
/// <param name="Reason">The sentence that whoever needs it refuses with.</param>
public sealed record Obstacle(ObstacleKind Kind, string Reason)
{
    private const int Eperm = 1;
    private const int Eacces = 13;
    private const int Ebusy = 16;

    /// <summary>An obstacle out of a reason and the kernel's error number; 0 where the kernel did not refuse.</summary>
    public static Obstacle Of(string? reason, int errno) => new(
        errno switch
        {
            Eperm or Eacces => ObstacleKind.NotPermitted,
            Ebusy => ObstacleKind.InUse,
            _ => ObstacleKind.Missing,
        },
        reason ?? "");

    /// <summary>A call that should have worked and failed.</summary>
    public static Obstacle Of(KernelCallException failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var plain = Of(failure.Message, failure.Errno);
        return plain.Kind == ObstacleKind.Missing ? plain with { Kind = ObstacleKind.Failed } : plain;
    }

    /// <summary>The reason, and before it that something is not permitted, in use or not tried.</summary>
    public override string ToString() => Kind switch
    {
        ObstacleKind.NotPermitted => $"not permitted: {Reason}",
        ObstacleKind.InUse => $"in use: {Reason}",
        ObstacleKind.NotTried => $"not tried: {Reason}",
        _ => Reason,
    };
}
