namespace Ferry.Migration.Reports;

/// <summary>A step of the plan as it was carried out.</summary>
/// <param name="Name">What it did, for instance <c>device nic0 RUNNING -> PRE_COPY</c>.</param>
/// <param name="Count">How often; steps of a round count once a round.</param>
/// <param name="Elapsed">How long, all times together.</param>
public sealed record StepReport(string Name, int Count, TimeSpan Elapsed);
