using Ferry.Memory;
using Ferry.Migration.Convergence;
using Ferry.Migration.Planning;
using Ferry.Migration.Wire;
using Ferry.Simulation.Tests.Machines;
using Ferry.Simulation.Tests.Network;

namespace Ferry.Simulation.Tests.Running;

/// <summary>All that a seed decides before a run begins.</summary>
internal sealed record Scenario
{
    public required ulong Seed { get; init; }

    public required IReadOnlyList<(Gpa Start, ulong LengthBytes)> Layout { get; init; }

    public required IReadOnlyList<DeviceSpec> Devices { get; init; }

    public required IReadOnlyList<TrackerSpec> Trackers { get; init; }

    public required MigrationPlan Plan { get; init; }

    public required ConvergenceOptions Convergence { get; init; }

    public required NetworkOptions Network { get; init; }

    public int HotPages { get; init; }

    /// <summary>How much of memory holds something at the start.</summary>
    public int FilledPercent { get; init; }

    public int Channels { get; init; } = 1;

    public PageCompression Compression { get; init; }

    public PopulateMode Populate { get; init; }

    public long? BandwidthBytesPerSecond { get; init; }

    public bool IsDestinationUsed { get; init; }

    public TimeSpan PeerTimeout { get; init; }

    public TimeSpan SettleWait { get; init; }

    public TimeSpan ReconnectPause { get; init; }

    public int StayPercent { get; init; }

    public bool UsesEarlyDevices { get; init; }

    public (string Call, int Time)? SourceCall { get; init; }

    public (string Call, int Time)? DestinationCall { get; init; }

    public int FailingKvmCall { get; init; }

    public IReadOnlyList<SimEvent> Events { get; init; } = [];

    /// <summary>Whether nothing goes wrong by fate.</summary>
    public bool IsFaultless =>
        Events.All(each => each.What == SimEventKind.ChangeTracker) && SourceCall is null && DestinationCall is null && Network.Faults.Count == 0
        && Network.Refused.Count == 0 && Network.FailingAccepts.Count == 0 && !UsesEarlyDevices
        && Devices.All(device => device.SourceFault is DeviceFault.None or DeviceFault.Slow && device.DestinationFault is DeviceFault.None)
        && Devices.All(device => device.SourceFault != DeviceFault.Slow || PeerTimeout > TimeSpan.FromSeconds(8))
        && Trackers.All(tracker => tracker.Fault is TrackerFault.None or TrackerFault.Report) && FailingKvmCall == 0;

    /// <summary>Whether it may be that the source can't be brought back whole.</summary>
    public bool MayLoseSource =>
        Devices.Any(device => device.SourceFault is DeviceFault.Error or DeviceFault.Refuse) || SourceCall is { Call: nameof(SimMachine.ResumeVcpus) or nameof(SimMachine.ThrottleVcpus) };

    public override string ToString()
    {
        var lines = new List<string>
        {
            $"memory {string.Join(", ", Layout.Select(each => $"{each.LengthBytes >> 12} pages at {each.Start}"))}, {HotPages} hot, {FilledPercent} % filled",
            $"channels {Channels}, {Compression}, populate {Populate}, bandwidth {BandwidthBytesPerSecond?.ToString() ?? "any"}, peer timeout {PeerTimeout}, settle {SettleWait}, stay {StayPercent} %",
            $"convergence: {Convergence.DowntimeLimit} in {Convergence.MaxRounds} rounds, then {Convergence.OnStall}",
        };
        lines.AddRange(Devices.Select(device =>
            $"device {device.Id} {device.Flags}{(device.IsEarly ? " early" : "")} reaches [{string.Join(' ', device.Reaches)}], source {device.SourceFault} at {device.SourceFaultAt}, destination {device.DestinationFault} at {device.DestinationFaultAt}"));
        lines.AddRange(Trackers.Select(tracker => $"tracker {tracker.Name} {tracker.Kind} of [{string.Join(' ', tracker.Sources)}] at {tracker.PageSize}{(tracker.IsPlanned ? "" : " spare")}, {tracker.Fault} at {tracker.FaultAt}"));
        lines.AddRange(Network.Faults.Select(fault => fault.ToString()));
        lines.AddRange(Events.Select(each => each.ToString()));
        lines.Add($"refused {string.Join(' ', Network.Refused)}, accepts {string.Join(' ', Network.FailingAccepts)}, source {SourceCall}, destination {DestinationCall}, kvm call {FailingKvmCall}, early used {UsesEarlyDevices}");
        return string.Join("\n  ", lines);
    }
}
