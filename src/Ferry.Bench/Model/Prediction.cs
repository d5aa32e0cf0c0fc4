namespace Ferry.Bench.Model;

/// <summary>What a migration is expected to be.</summary>
public sealed record Prediction
{
    /// <summary>Whether it ends in a switchover; where not, the policy gives up and the source runs on.</summary>
    public required bool Moves { get; init; }

    /// <summary>Whether what remained fits the downtime limit by itself.</summary>
    public required bool Converges { get; init; }

    /// <summary>From the start of the first round to the destination running, in seconds.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>How long no vCPU executes, in seconds.</summary>
    public required double DowntimeSeconds { get; init; }

    /// <summary>The bytes on the wire.</summary>
    public required double SentBytes { get; init; }

    /// <summary>The part of its work that the device that suffers most loses before the switchover; 0 to 1.</summary>
    public required double DeviceSlowdown { get; init; }

    /// <summary>The part of its work that the guest loses before the switchover; 0 to 1. A throttle counts.</summary>
    public required double GuestSlowdown { get; init; }

    /// <summary>Processor time of both sides, in seconds, the guest's and the devices' not counted.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>The rounds before the switchover.</summary>
    public required IReadOnlyList<PredictedRound> Rounds { get; init; }

    /// <summary>The greater of both slowdowns.</summary>
    public double Slowdown => Math.Max(DeviceSlowdown, GuestSlowdown);
}
