namespace Ferry.Cli.Documents;

/// <summary>A policy that was tried.</summary>
/// <param name="Trackers">Who tracks each source, and in which rounds devices are silent for the sync.</param>
/// <param name="Channels">The number of streams.</param>
/// <param name="OnStall">What a stall leads to.</param>
/// <param name="TotalSeconds">The predicted total time.</param>
/// <param name="DowntimeSeconds">The predicted downtime.</param>
/// <param name="Slowdown">The part of its work that who suffers most loses; 0 to 1.</param>
/// <param name="CpuSeconds">Processor time of both sides.</param>
/// <param name="MeetsLimits">Whether it meets all limits.</param>
internal sealed record AdvicePolicyDocument(
    string Trackers, int Channels, string OnStall, double TotalSeconds, double DowntimeSeconds, double Slowdown, double CpuSeconds, bool MeetsLimits);
