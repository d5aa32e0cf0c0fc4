using Ferry.Bench.Model;

namespace Ferry.Bench.Validation;

/// <summary>A whole migration: what it was asked to be, and what it was.</summary>
/// <param name="Name">What tells it from others.</param>
public sealed record MigrationSample(string Name)
{
    /// <summary>What tells its workload from others: the same for each policy that was tried with it.</summary>
    public required string Group { get; init; }

    /// <summary>The host's load average when it began, over a minute.</summary>
    public double LoadAverage { get; init; }

    /// <summary>The machine.</summary>
    public required Workload Workload { get; init; }

    /// <summary>The policy; the costs of its trackers are not read.</summary>
    public required PolicyChoice Policy { get; init; }

    /// <summary>The way between the hosts; infinite where its rate was not limited.</summary>
    public required LinkCosts Link { get; init; }

    /// <summary>From the first round to the destination running, in seconds.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>How long no vCPU executed, in seconds.</summary>
    public required double DowntimeSeconds { get; init; }

    /// <summary>The parts of the downtime: the step's name, and seconds.</summary>
    public required IReadOnlyList<KeyValuePair<string, double>> DowntimeParts { get; init; }

    /// <summary>The bytes on the wire.</summary>
    public required double SentBytes { get; init; }

    /// <summary>Processor time of both sides, in seconds.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>What devices sent while they were stopped.</summary>
    public required double DeviceStateBytes { get; init; }

    /// <summary>The rounds before the switchover.</summary>
    public required IReadOnlyList<MeasuredRound> Rounds { get; init; }

    /// <summary>The mean time of a report of each tracker, by name and page size as <see cref="ProviderCosts.ToString"/> gives them.</summary>
    public required IReadOnlyDictionary<string, double> ReportSeconds { get; init; }
}
