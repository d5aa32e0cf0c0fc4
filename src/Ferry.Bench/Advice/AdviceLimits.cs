namespace Ferry.Bench.Advice;

/// <summary>What a migration may cost. Infinite where there is no limit.</summary>
public sealed record AdviceLimits
{
    /// <summary>The most downtime, in seconds.</summary>
    public required double DowntimeSeconds { get; init; }

    /// <summary>The most of its work that the guest or a device may lose before the switchover; 0 to 1.</summary>
    public double Slowdown { get; init; } = double.PositiveInfinity;

    /// <summary>The most time from the first round to the destination running, in seconds.</summary>
    public double TotalSeconds { get; init; } = double.PositiveInfinity;

    /// <summary>The most processor time of both sides, in seconds.</summary>
    public double CpuSeconds { get; init; } = double.PositiveInfinity;
}
